package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

func reportTo(out *bytes.Buffer, o options) *report {
	return &report{options: o, rows: make([]userfile.Row, 1), out: out, summaryOut: out}
}

func preview(id string, outcome upsert.Outcome) upsert.Preview[string] {
	return upsert.Preview[string]{Result: upsert.Result[string]{ID: id, Outcome: outcome}}
}

func TestErrorTakesOneLine(t *testing.T) {
	var out bytes.Buffer
	res := result{line: 2, user: "ada@example.com", err: errors.Join(errors.New("rejected"), errors.New("\x1b[2J"))}
	reportTo(&out, options{}).printUser(newTally("partoo", false), res)
	assert.Equal(t, "partoo     line 2  failed     -  ada@example.com  rejected  [2J\n", out.String())
}

func TestJSONLines(t *testing.T) {
	rejected := &rest.Error{Provider: "partoo", Operation: "UpsertUser", StatusCode: 400, Executed: rest.ExecutedNo, Fields: map[string][]string{"email": {"is taken"}}}
	for name, test := range map[string]struct {
		res  result
		dry  bool
		want string
	}{
		"created": {result{line: 2, user: "ada@example.com", Preview: preview("7", upsert.Created)}, false, `{"provider":"partoo","line":2,"user":"ada@example.com","id":"7","outcome":"created"}`},
		"failed":  {result{line: 3, user: "a\nb", err: fmt.Errorf("upsert: %w", rejected)}, false, `{"provider":"partoo","line":3,"user":"a\nb","outcome":"failed","error":"upsert: ` + rejected.Error() + `","fields":{"email":["is taken"]},"status":400,"executed":"no"}`},
		"half":    {result{line: 3, user: "x", Preview: preview("7", upsert.Created), err: errors.New("no")}, false, `{"provider":"partoo","line":3,"user":"x","id":"7","outcome":"failed","error":"no","completed":"user created"}`},
		"dry":     {result{line: 3, user: "x", Preview: preview("", upsert.Updated)}, true, `{"provider":"partoo","line":3,"user":"x","outcome":"updated","dry_run":true}`},
		"valid":   {result{line: 3, user: "x"}, true, `{"provider":"partoo","line":3,"user":"x","outcome":"valid","dry_run":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			reportTo(&out, options{json: true, dryRun: test.dry}).printUser(newTally("partoo", test.dry), test.res)
			assert.Equal(t, test.want+"\n", out.String())
		})
	}
}

// With --json, standard output contains one object per user and the summary.
func TestJSONOutput(t *testing.T) {
	got := usersync(t, "user_id\n1\n2\n", "upsert", "--provider", "usercom", "--fake", "--json", "-")
	assert.Equal(t, exitOK, got.status)
	assert.Equal(t, "usercom    2 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0\n", got.err)
	printed := strings.Split(strings.TrimSpace(got.out), "\n")
	require.Len(t, printed, 3)
	for _, line := range printed[:2] {
		var user jsonUser
		require.NoError(t, json.Unmarshal([]byte(line), &user))
		assert.Equal(t, "created", user.Outcome)
	}
	var sum jsonSummary
	require.NoError(t, json.Unmarshal([]byte(printed[2]), &sum))
	sum.Duration = 0
	assert.Equal(t, jsonSummary{Type: "summary", Provider: "usercom", Created: 2, Complete: true}, sum)
}

// Failed users are listed up to a limit and counted beyond it.
func TestFailuresAreBounded(t *testing.T) {
	var out bytes.Buffer
	r := reportTo(&out, options{quiet: true})
	tally := newTally("partoo", false)
	tally.total = maxListed + 5
	for i := range tally.total {
		r.printUser(tally, result{row: i, line: i + 2, user: "x", err: errors.New("no")})
	}
	r.printSummary([]*target{{provider: partooProvider(), tally: tally, pacer: unlimitedPacer(t)}})
	assert.Contains(t, out.String(), "partoo     0 created, 0 updated, 0 unchanged, 1005 failed, 0 not sent;")
	assert.Equal(t, maxListed, strings.Count(out.String(), "  line "))
	assert.True(t, strings.HasSuffix(out.String(), "partoo     and 5 more failed\n"))
}
