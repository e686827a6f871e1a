package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
)

// JSON output and files contain no key and no password, like the text output.
func TestSecretsStayOutOfJSONAndJournals(t *testing.T) {
	t.Parallel()
	const said = markedKey + " sent " + markedPassword
	withEcho := func(status int, body string) resttest.Fault {
		header := http.Header{"Content-Type": {"application/json"}, "Server": {said}, "X-Request-Id": {said}, "Location": {"https://" + markedKey + ".example.com"}}
		return resttest.Fault{Status: status, Header: header, Body: body, Match: bodyWith(markedPassword)}
	}
	// Faults after which a call waits are tested in package reliability.
	faults := map[string]resttest.Fault{
		"message":  withEcho(400, `{"message":"`+said+`"}`),
		"fields":   withEcho(422, `{"errors":{"json":{"`+said+`":"`+said+`"},"password":["`+said+`"]}}`),
		"conflict": withEcho(409, `{"detail":"`+said+`"}`),
		"garbage":  withEcho(200, `{"id":{"`+said+`":1},"data":"`+said+`","status":"`+said+`"}`),
		"page":     withEcho(404, "<html>"+said),
		"denied":   withEcho(403, `{"errors":{"authorization":"`+said+`"}}`),
	}
	inputs := map[string]string{
		"csv":   lines("email,first_name,last_name,name,heuristic,pricing_id,user_id,password", "ada@example.com,Ada,Lovelace,Ada,Average,1,1,"+markedPassword),
		"jsonl": lines(`{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace","name":"Ada","heuristic":"Average","pricing_id":1,"user_id":"1","password":"` + markedPassword + `"}`),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"USERCOM_SUBDOMAIN": "app"}
			for _, p := range providers() {
				server := resttest.NewServer(p.name, http.HandlerFunc(agree))
				server.Start()
				defer server.Close()
				server.Fail(fault.Repeat(-1))
				env[strings.ToUpper(p.name)+"_BASE_URL"] = server.URL
				env[strings.ToUpper(p.name)+"_API_KEY"] = markedKey
			}
			for format, input := range inputs {
				for _, p := range providers() {
					if name == "garbage" && p.name == "partoo" {
						continue // waits before it searches for the user
					}
					journal := filepath.Join(t.TempDir(), "journal")
					for _, flags := range [][]string{
						{"--json", "--journal", journal}, {"--json", "--journal", journal, "--resume"}, {"--journal", journal, "--retry-failed"}, {"--json", "--dry-run"},
					} {
						args := append([]string{"upsert", "--provider", p.name, "--format", format}, flags...)
						got := usersyncIn(t.Context(), env, withRequired(format, input), append(args, "-")...)
						where := fmt.Sprint(p.name, " ", args)
						require.NotEqual(t, exitUsage, got.status, "%s: %s", where, got.err)
						assert.NotContains(t, got.out+got.err, markedKey, where)
						assert.NotContains(t, got.out+got.err, markedPassword, where)
						if flags[0] == "--json" && len(flags) == 3 {
							var user jsonUser
							line, _, _ := strings.Cut(got.out, "\n")
							require.NoError(t, json.Unmarshal([]byte(line), &user), "%s: %s", where, got.out)
							if p.hasPassword() {
								assert.Equal(t, "failed", user.Outcome, where)
							}
						}
					}
					text, err := os.ReadFile(journal)
					require.NoError(t, err)
					assert.NotContains(t, string(text), markedKey)
					assert.NotContains(t, string(text), markedPassword)
				}
			}
		})
	}
}

// The problem of an invalid line does not contain its values.
func TestSecretsStayOutOfJSONProblems(t *testing.T) {
	t.Parallel()
	for name, input := range map[string]string{
		"broken":        `{"password":"` + markedPassword + `"`,
		"wrong type":    `{"email":"ada@example.com","pricing_id":"` + markedPassword + `"}`,
		"wrong boolean": `{"email":"ada@example.com","readonly":"` + markedPassword + `"}`,
		"not an object": `"` + markedPassword + `"`,
		"twice":         `{"password":"` + markedPassword + `","password":"x"}`,
		"weak":          `{"email":"ada@example.com","first_name":"A","last_name":"L","password":"` + strings.ToLower(markedPassword) + `"}`,
		"in a list":     `{"email":"ada@example.com","password":["` + markedPassword + `"]}`,
	} {
		for _, p := range providers() {
			env := map[string]string{"USERCOM_SUBDOMAIN": "app", strings.ToUpper(p.name) + "_API_KEY": markedKey, strings.ToUpper(p.name) + "_BASE_URL": "http://127.0.0.1:1"}
			got := usersyncIn(t.Context(), env, input+"\n", "upsert", "--provider", p.name, "--format", "jsonl", "--json", "-")
			assert.Equal(t, exitUsage, got.status, "%s at %s: %s", name, p.name, got.err)
			for _, secret := range []string{markedKey, markedPassword, strings.ToLower(markedPassword)} {
				assert.NotContains(t, got.out+got.err, secret, "%s at %s", name, p.name)
			}
		}
	}
}
