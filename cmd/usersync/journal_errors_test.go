package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// A path that cannot be a journal is an error, and its file stays unchanged.
func TestJournalPathErrors(t *testing.T) {
	server, env := loopback(t)
	file := writeFile(t, "users.csv", four)
	other := writeFile(t, "notes.txt", "Do not lose this.\n")
	inUse := filepath.Join(t.TempDir(), "journal")
	j, err := upsert.OpenJournal(inUse, upsert.JournalHeader{Provider: "x", Input: "y"})
	require.NoError(t, err)
	defer j.Close()
	for journal, want := range map[string]string{
		file:         "usersync: --journal " + file + ": is the input file\n",
		other:        "usersync: upsert: open journal " + other + ": journal: line 1 is not the header of a journal; use another --journal\n",
		t.TempDir():  "is a directory; use another --journal\n",
		os.DevNull:   "not a regular file; use another --journal\n",
		inUse:        "usersync: upsert: open journal " + inUse + ": journal in use by another run\n",
		file + "/no": "not a directory; use another --journal\n",
	} {
		got := usersyncIn(t.Context(), env, "", "upsert", "--provider", "partoo", "--journal", journal, file)
		assert.Equal(t, exitUsage, got.status, journal)
		assert.Contains(t, got.err, want)
	}
	for path, want := range map[string]string{file: four, other: "Do not lose this.\n"} {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, string(data))
	}
	assert.Empty(t, server.Requests())

	empty := writeFile(t, "journal", "")
	got := usersyncIn(t.Context(), env, "", "upsert", "--provider", "partoo", "--quota", "none", "--journal", empty, file)
	assert.Equal(t, exitOK, got.status, "it contains no users: %s", got.err)
}

// An unfinished run is not started over without notice. Another input is another run.
func TestUnfinishedJournalIsRejected(t *testing.T) {
	server, env := loopback(t)
	file := writeFile(t, "users.csv", four)
	journal := file + ".partoo.journal"
	args := []string{"upsert", "--provider", "partoo", "--quota", "none", file}
	rejecting(server, "Cy")
	got := usersyncIn(t.Context(), env, "", args...)
	require.Equal(t, exitFailed, got.status)
	data, err := os.ReadFile(journal)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(journal, data[:len(data)-1], 0o600)) // as if it had been killed there

	got = usersyncIn(t.Context(), env, "", args...)
	assert.Equal(t, output{exitUsage, "", "usersync: journal " + journal +
		" of an earlier run exists: use --resume to continue, --retry-failed to also retry failed users, or delete it to start over\n"}, got)

	require.NoError(t, os.WriteFile(file, []byte(four+"eve@example.com,Eve,East\n"), 0o600))
	server.ClearFaults()
	got = usersyncIn(t.Context(), env, "", args...)
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Equal(t, lines("usersync: renamed journal of another file to "+journal+".old", "usersync: journal "+journal), got.err)
	assert.FileExists(t, journal+".old")
	assert.NoFileExists(t, journal)
	assert.Len(t, server.Users(), 5)
}

// A run at all providers opens all journals or leaves none. It can be resumed if one
// provider is done and has no journal.
func TestJournalsOfAllProviders(t *testing.T) {
	folder := t.TempDir()
	journal := filepath.Join(folder, "journal")
	run := func(flags ...string) output {
		return usersync(t, "", append(append([]string{"upsert", "--fake", "--journal", journal}, flags...), usersFile)...)
	}
	other := journal + ".usercom"
	require.NoError(t, os.WriteFile(other, []byte("not a journal\n"), 0o600))
	got := run("--provider", three)
	assert.Equal(t, exitUsage, got.status)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, left, 1, "the one that was there")

	require.NoError(t, os.Remove(other))
	got = run("--provider", three, "--resume")
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, "usersync: nothing to resume: journal ")
	require.Equal(t, exitOK, run("--provider", three).status)
	require.NoError(t, os.Remove(journal+".partoo"))

	got = run("--provider", three, "--resume")
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Contains(t, got.err, "usersync: partoo: no journal of an earlier run; starting over\n")
	assert.Contains(t, got.out, "partoo     12 created, 0 updated, 0 unchanged, 0 failed, 0 not sent;")
	assert.Contains(t, got.out, "usercom    0 created, 0 updated, 0 unchanged, 0 failed, 0 not sent, 12 done before;")

	got = run("--provider", "partoo", "--resume")
	assert.Equal(t, output{exitUsage, "", "usersync: nothing to resume: journal " + journal + " does not exist\n"}, got)
}

// A retried user that succeeded is not listed as failed.
func TestRetriedUsersAreNotListed(t *testing.T) {
	server, env := loopback(t)
	file := writeFile(t, "users.csv", four)
	args := []string{"--provider", "partoo", "--quota", "none", file}
	rejecting(server, "Cy")
	rejecting(server, "Dee")
	got := usersyncIn(t.Context(), env, "", append([]string{"upsert"}, args...)...)
	require.Contains(t, got.out, " 2 failed, ")
	server.ClearFaults()
	rejecting(server, "Cy")
	got = usersyncIn(t.Context(), env, "", append([]string{"upsert", "--retry-failed"}, args...)...)
	require.Contains(t, got.out, "1 created, 0 updated, 0 unchanged, 1 failed, 0 not sent, 2 done before;")

	got = usersyncIn(t.Context(), env, "", append([]string{"upsert", "--resume"}, args...)...)
	assert.Contains(t, got.out, "(in an earlier run)")
	assert.NotContains(t, got.out, "dee@example.com")
}

// A rejected API key replaces no journal and leaves no new one.
func TestRejectedKeyKeepsJournals(t *testing.T) {
	server, env := loopback(t)
	key := env["PARTOO_API_KEY"]
	file := writeFile(t, "users.csv", four)
	journal := file + ".partoo.journal"
	run := func(key string, flags ...string) output {
		env["PARTOO_API_KEY"] = key
		return usersyncIn(t.Context(), env, "", append(append([]string{"upsert", "--provider", "partoo", "--quota", "none", "--quiet"}, flags...), file)...)
	}
	got := run("wrong")
	assert.Equal(t, exitFailed, got.status)
	assert.Equal(t, "usersync: to start over: usersync upsert --provider partoo --quota none --quiet "+file+"\n", got.err, "no user is recorded")
	assert.NoFileExists(t, journal)

	rejecting(server, "Cy")
	require.Equal(t, exitFailed, run(key).status)
	assert.Equal(t, exitFailed, run("wrong").status, "the run is finished, so another key starts over")
	assert.FileExists(t, journal+".old")
	assert.NoFileExists(t, journal)

	require.Equal(t, exitFailed, run(key).status)
	before, err := os.ReadFile(journal)
	require.NoError(t, err)
	before = before[:len(before)-1] // as if it had been killed there
	require.NoError(t, os.WriteFile(journal, before, 0o600))
	got = run("wrong")
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, "journal of another run: its provider is ")
	assert.Contains(t, got.err, ": API key or host is different; rename the journal to start over\n")
	after, err := os.ReadFile(journal)
	require.NoError(t, err)
	assert.Equal(t, before, after)

	server.ClearFaults()
	got = run(key, "--retry-failed")
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Len(t, server.Users(), 4)
}

// An archived journal replaces no other file, and its new name is always printed.
func TestArchivedJournalsAreKept(t *testing.T) {
	server, env := loopback(t)
	file := writeFile(t, "users.csv", four)
	rejecting(server, "Cy")
	for _, old := range []string{"", ".old", ".old2"} {
		got := usersyncIn(t.Context(), env, "", "upsert", "--provider", "partoo", "--quota", "none", "--quiet", file)
		assert.Equal(t, exitFailed, got.status)
		if old != "" {
			assert.Contains(t, got.err, "usersync: renamed journal of a finished run to "+file+".partoo.journal"+old+"\n")
			assert.FileExists(t, file+".partoo.journal"+old)
		}
	}
}

// A key that one provider rejects does not restart the others, and the run can be
// resumed.
func TestRejectedKeyDoesNotAffectOtherJournals(t *testing.T) {
	for _, flags := range [][]string{nil, {"--retry-failed"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			partoo, env := loopback(t)
			usercom := usercomtest.NewServer()
			usercom.Start()
			defer usercom.Close()
			identifai := identifaitest.NewServer()
			identifai.Start()
			defer identifai.Close()
			env["USERCOM_API_KEY"], env["USERCOM_BASE_URL"] = usercomtest.Key, usercom.URL+"/api/public"
			env["IDENTIFAI_API_KEY"], env["IDENTIFAI_BASE_URL"] = identifaitest.Key, identifai.URL
			file := writeFile(t, "users.csv", manyUsers(1))
			run := func(flags ...string) output {
				return usersyncIn(t.Context(), env, "", append(append([]string{"upsert", "--provider", three, "--quiet"}, flags...), file)...)
			}
			key := env["PARTOO_API_KEY"]
			env["PARTOO_API_KEY"] = "wrong"
			got := run()
			assert.Equal(t, exitFailed, got.status)
			assert.Contains(t, got.err, "usersync: to resume: usersync upsert --resume ")
			sent := len(usercom.Requests())

			for _, key := range []string{"wrong", key} {
				env["PARTOO_API_KEY"] = key
				got = run()
				assert.Equal(t, exitUsage, got.status, "a user is left")
				assert.Contains(t, got.err, " of an earlier run exists: use --resume to continue")
				assert.NoFileExists(t, file+".usercom.journal.old")
			}
			got = run(append(flags, "--resume")...)
			assert.Equal(t, exitOK, got.status, got.err)
			assert.Len(t, partoo.Users(), 1)
			assert.Len(t, usercom.Requests(), sent, "nothing again")
			assert.NoFileExists(t, file+".partoo.journal")
		})
	}
}
