package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
)

const (
	markedKey      = "Marked-Key-0001"
	markedPassword = "Marked-Pa55word!"
)

// agree creates any user, with any key.
func agree(w http.ResponseWriter, r *http.Request) {
	body := `{"created":true,"id":1}`
	switch r.URL.Path {
	case "/api/partner/user":
		body = `{"data":{"id":1,"name":"Ada","email":"ada@example.com"}}`
	case "/user/search":
		body = `{"page":1,"max_page":1,"count":0,"users":[]}`
	case "/user":
		body = `{"id":"1","status":"success"}`
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(body))
}

// Output contains neither keys nor passwords, for any result of a user.
func TestSecretsStayInside(t *testing.T) {
	const header = "email,first_name,last_name,name,heuristic,pricing_id,user_id,password,readonly,sso_only"
	good := lines(header, "ada@example.com,Ada,Lovelace,Ada,Average,1,1,"+markedPassword+",,")
	env := map[string]string{"USERCOM_SUBDOMAIN": "app"}
	for _, name := range names() {
		env[strings.ToUpper(name)+"_API_KEY"] = markedKey
	}
	for name, test := range map[string]struct {
		input  string
		fault  resttest.Fault
		status int
	}{
		"created":           {good, resttest.Fault{}, exitOK},
		"rejected, quoting": {good, resttest.Fault{Match: bodyWith(markedPassword), Status: 422, Body: `{"message":"` + markedKey + ` sent ` + markedPassword + `","errors":{"password":["` + markedPassword + ` is bad"]}}`}, exitFailed},
		"key rejected":      {good, resttest.Fault{Status: 401, Body: `{"detail":"bad key ` + markedKey + `"}`}, exitFailed},
		"garbage":           {good, resttest.Fault{Status: 200, Body: `"` + markedPassword + markedKey + `"`}, exitFailed},
		"weak password":     {lines(header, "ada@example.com,Ada,Lovelace,Ada,Average,0,1,"+strings.ToLower(markedPassword)+",,"), resttest.Fault{}, exitUsage},
		"wrong column":      {lines(header, "ada@example.com,Ada,Lovelace,Ada,Average,"+markedPassword+",1,,"+markedPassword+","+markedPassword), resttest.Fault{}, exitUsage},
		"wrong quoting":     {lines(header, `ada@example.com,Ada,Lovelace,Ada,Average,1,1,"`+markedPassword+`"x,,`), resttest.Fault{}, exitUsage},
		"wrong number":      {lines(header, "ada@example.com,"+markedPassword), resttest.Fault{}, exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range providers() {
				server := resttest.NewServer(p.name, http.HandlerFunc(agree))
				server.Start()
				defer server.Close()
				if test.fault.Status != 0 {
					server.Fail(test.fault.Repeat(-1))
				}
				env[strings.ToUpper(p.name)+"_BASE_URL"] = server.URL
			}
			for _, p := range providers() {
				got := usersyncIn(t.Context(), env, withRequired("csv", test.input), "upsert", "--provider", p.name, "-")
				if p.hasPassword() || test.fault.Status == 401 { // others have nothing to complain about
					assert.Equal(t, test.status, got.status, got.out+got.err)
				}
				for _, secret := range []string{markedKey, markedPassword, strings.ToLower(markedPassword)} {
					assert.NotContains(t, got.out+got.err, secret, p.name)
				}
			}
		})
	}
}

// The saved users of the fakes contain no passwords.
func TestStateHoldsNoPassword(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	input := lines("email,first_name,last_name,name,heuristic,pricing_id,user_id,password", "ada@example.com,Ada,Lovelace,Ada,Average,1,1,"+markedPassword)
	got := usersync(t, withRequired("csv", input), "upsert", "--provider", "all", "--fake", "--fake-state", state, "-")
	require.Equal(t, exitOK, got.status, got.out)
	data, err := os.ReadFile(state)
	require.NoError(t, err)
	assert.NotContains(t, string(data), markedPassword)
}
