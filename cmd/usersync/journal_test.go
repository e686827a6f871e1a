package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
)

// rejecting makes the server reject the creation of users with this first name.
func rejecting(server *partootest.Server, name string) {
	fault := resttest.Fault{Status: 400, Body: `{"errors":{"json":{"first_name":["is invalid"]}}}`, Header: http.Header{"Content-Type": {"application/json"}}}
	fault.Match = bodyWith(`"first_name":"` + name + `"`)
	server.Fail(fault.Repeat(-1))
}

// loopback starts a fake of Partoo on loopback and returns the environment for it.
func loopback(t *testing.T) (*partootest.Server, map[string]string) {
	t.Helper()
	server := partootest.NewServer()
	server.Start()
	t.Cleanup(server.Close)
	return server, map[string]string{"PARTOO_API_KEY": partootest.Key, "PARTOO_BASE_URL": server.URL + "/v2"}
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// The journal is next to the input as long as it is needed.
func TestJournalByDefault(t *testing.T) {
	server, env := loopback(t)
	file := writeFile(t, "users.csv", four)
	journal := file + ".partoo.journal"
	rejecting(server, "Cy")

	args := []string{"upsert", "--provider", "partoo", "--quota", "none", file}
	got := usersyncIn(t.Context(), env, "", args...)
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.out, "3 created, 0 updated, 0 unchanged, 1 failed, 0 not sent;")
	assert.Equal(t, lines(
		"usersync: journal "+journal,
		"usersync: failed rows are in "+strings.TrimSuffix(file, ".csv")+".partoo.failed.csv",
		"usersync: to retry failed users: usersync upsert --retry-failed --provider partoo --quota none "+file,
	), got.err)
	assert.FileExists(t, journal)

	// Only the failed user is left, which is listed and not sent.
	sent := len(server.Requests())
	got = usersyncIn(t.Context(), env, "", append([]string{"upsert", "--resume"}, args[1:]...)...)
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.out, "0 failed, 0 not sent, 4 done before;")
	assert.Contains(t, got.out, "partoo     line 5  failed     -  cy@example.com  partoo: UpsertUser: POST /v2/user: 400 Bad Request: ")
	assert.Contains(t, got.out, " (in an earlier run)\n")
	assert.Equal(t, sent, len(server.Requests()))

	// A finished run does not prevent the next one.
	got = usersyncIn(t.Context(), env, "", args...)
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.out, "0 created, 0 updated, 3 unchanged, 1 failed, 0 not sent;")
	assert.Contains(t, got.err, "usersync: renamed journal of a finished run to "+journal+".old\n")
	assert.FileExists(t, journal+".old")

	server.ClearFaults()
	got = usersyncIn(t.Context(), env, "", append([]string{"upsert", "--retry-failed"}, args[1:]...)...)
	assert.Equal(t, exitOK, got.status, got.out)
	assert.Contains(t, got.out, "partoo     1 created, 0 updated, 0 unchanged, 0 failed, 0 not sent, 3 done before;")
	assert.NoFileExists(t, journal)
	assert.Len(t, server.Users(), 4)
}

// A journal named with --journal is kept.
func TestJournalByName(t *testing.T) {
	_, env := loopback(t)
	journal := filepath.Join(t.TempDir(), "journal")
	got := usersyncIn(t.Context(), env, four, "upsert", "--provider", "partoo", "--quota", "none", "--journal", journal, "-")
	assert.Equal(t, exitOK, got.status, got.err)
	data, err := os.ReadFile(journal)
	require.NoError(t, err)
	assert.Equal(t, 5, strings.Count(string(data), "\n"))

	resume := []string{"upsert", "--resume", "--provider", "partoo", "--quota", "none", "--journal", journal, "-"}
	got = usersyncIn(t.Context(), env, four, resume...)
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Contains(t, got.out, ", 4 done before;")

	got = usersyncIn(t.Context(), env, four+"eve@example.com,Eve,East\n", append([]string{"upsert"}, resume[2:]...)...)
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, ": FILE is different or has changed; use --resume to send what is new or changed, or another --journal\n")

	got = usersyncIn(t.Context(), env, four+"eve@example.com,Eve,East\n", resume...)
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Contains(t, got.out, "1 created, 0 updated, 0 unchanged, 0 failed, 0 not sent, 4 done before;")

	url := env["PARTOO_BASE_URL"]
	env["PARTOO_BASE_URL"] = "http://127.0.0.1:1"
	got = usersyncIn(t.Context(), env, four, resume...)
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, "journal of another run: its provider is ")

	env["PARTOO_BASE_URL"], env["PARTOO_API_KEY"] = url, "another"
	got = usersyncIn(t.Context(), env, four, resume...)
	assert.Equal(t, exitUsage, got.status, "another account's")
	assert.Contains(t, got.err, "journal of another run: its provider is ")
	assert.NotContains(t, got.err, "another\"")

	got = usersyncIn(t.Context(), env, four, append(resume[:len(resume)-2:len(resume)-2], journal+"2", "-")...)
	assert.Equal(t, output{exitUsage, "", "usersync: nothing to resume: journal " + journal + "2 does not exist\n"}, got)

	got = usersyncIn(t.Context(), env, four, "upsert", "--provider", "partoo", "--journal", "/no/such/place/journal", "-")
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, "no such file or directory; use another --journal\n")
}

// Each provider has a journal. None is deleted before all are done.
func TestJournalPerProvider(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "journal")
	got := usersync(t, "", "upsert", "--provider", three, "--fake", "--journal", journal, usersFile)
	assert.Equal(t, exitOK, got.status, got.err)
	for name := range strings.SplitSeq(three, ",") {
		assert.FileExists(t, journal+"."+name)
	}
}

// A key that is rejected during the run does not fail users.
func TestKeyRejectedDuringRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		seen := 0
		server.Fail(resttest.Fault{Status: 401, Times: -1, Match: func(r *http.Request) bool {
			if r.Method == http.MethodPost {
				seen++
			}
			return seen > 2
		}})
		journal := filepath.Join(t.TempDir(), "journal")
		args := []string{"--provider", "partoo", "--workers", "1", "--journal", journal}
		got := newBench(t, four, args...).atPartoo(server, 401).upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, lines(
			"partoo     2 created, 0 updated, 0 unchanged, 0 failed, 2 not sent; 429 responses: 0",
			"",
			"partoo     2 users not sent: API key rejected: partoo: UpsertUser: POST /v2/user: 401 Unauthorized",
		))
		server.ClearFaults()
		got = newBench(t, four, append(args, "--resume")...).atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.err)
		assert.Contains(t, got.out, "partoo     2 created, 0 updated, 0 unchanged, 0 failed, 0 not sent, 2 done before;")
	})
}

func TestResumeCommand(t *testing.T) {
	assert.Equal(t, `usersync upsert --resume --provider partoo 'my users.csv'`, resumeCommand([]string{"--provider", "partoo", "--resume", "my users.csv"}, "--resume"))
	assert.Equal(t, `usersync upsert --retry-failed 'it'\''s' ''`, resumeCommand([]string{"--retry-failed", "it's", ""}, "--retry-failed"))
}

// After a file was corrected, only what is new or changed is sent. Users that are no longer
// in the file are reported.
func TestResumeWithACorrectedFile(t *testing.T) {
	server, env := loopback(t)
	rejecting(server, "Cy")
	file := writeFile(t, "users.csv", four)
	args := []string{"upsert", "--provider", "partoo", "--quota", "none", "--failed", os.DevNull}
	require.Equal(t, exitFailed, usersyncIn(t.Context(), env, "", append(args, file)...).status)

	corrected := lines("E-Mail;last_name;first_name", // the same content in another form
		"eve@example.com;East;Eve", "ada@example.com;Lovelace;Ada", "cy@example.com;Clark;Cyrus", `bea@example.com;Brown-Blue;"Bea B."`)
	require.NoError(t, os.WriteFile(file, []byte(corrected), 0o600))
	got := usersyncIn(t.Context(), env, "", append(args, "--resume", file)...)
	assert.Equal(t, exitOK, got.status, got.out+got.err)
	assert.Contains(t, got.out, "partoo     2 created, 1 updated, 0 unchanged, 0 failed, 0 not sent, 1 done before;")
	assert.NotContains(t, got.out, "ada@example.com")
	assert.Contains(t, got.err, "usersync: partoo: 1 user of the journal not in the file: dee@example.com\n")
	user, ok := server.User("bea@example.com")
	require.True(t, ok)
	assert.Equal(t, "Brown-Blue", user.LastName)
}

// A flag that changes what is sent makes all rows changed. The journal contains no values.
func TestContentOfTheJournal(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "journal")
	row := lines("email,name,heuristic,pricing_id,readonly,password", "ada@example.com,Ada Lovelace,Average,1,true,Pa55word!")
	run := func(flags ...string) output {
		return usersync(t, row, append([]string{"upsert", "--provider", "identifai", "--fake", "--journal", journal, "-"}, flags...)...)
	}
	require.Equal(t, exitOK, run().status)
	data, err := os.ReadFile(journal)
	require.NoError(t, err)
	assert.Regexp(t, `"key":"ada@example.com","content":"[0-9a-f]{64}"`, string(data))
	assert.NotContains(t, string(data), "Lovelace")
	assert.NotContains(t, string(data), "Pa55word")
	assert.Contains(t, run("--resume").out, "0 created, 0 updated, 0 unchanged, 0 failed, 0 not sent, 1 done before;")
	got := run("--resume", "--text-booleans")
	assert.NotContains(t, got.out, "done before")
	assert.Contains(t, got.out, "readonly", "the fake rejects texts, so the row was sent")
}
