package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// A command that is killed while it waits for the end of an outage continues when it is
// resumed: users that were not sent are not recorded, and none is created twice.
func TestResumeAfterKillDuringOutage(t *testing.T) {
	t.Parallel()
	const users, before = 200, 80
	server := identifaitest.NewServer()
	server.Start()
	defer server.Close()
	outage := resttest.Status(http.StatusInternalServerError).Repeat(-1)
	outage.Match = func(*http.Request) bool { return len(server.Users()) >= before }
	server.Fail(outage)

	journal := filepath.Join(t.TempDir(), "journal")
	file := writeFile(t, "users.csv", manyUsers(users))
	env := append(os.Environ(), asCommand+"=1", "IDENTIFAI_API_KEY="+identifaitest.Key, "IDENTIFAI_BASE_URL="+server.URL)
	args := []string{"upsert", "--provider", "identifai", "--quota", "none", "--journal", journal, file}
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Env = env
	stderr, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	paused := false
	for lines := bufio.NewScanner(stderr); !paused && lines.Scan(); {
		paused = strings.Contains(lines.Text(), "run paused")
	}
	require.True(t, paused, "the run ended without a pause")
	require.NoError(t, command.Process.Kill())
	require.Error(t, command.Wait())

	entries, err := upsert.ReadJournal(journal)
	require.NoError(t, err)
	assert.NotEmpty(t, entries)
	assert.LessOrEqual(t, len(entries), len(server.Users()))
	for _, e := range entries {
		assert.Empty(t, e.Error)
	}

	server.ClearFaults()
	command = exec.CommandContext(t.Context(), os.Args[0], append([]string{"upsert", "--resume"}, args[1:]...)...)
	command.Env = env
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), " 0 failed, 0 not sent")
	emails := map[string]bool{}
	for _, user := range server.Users() {
		emails[user.Email] = true
	}
	assert.Len(t, emails, users)
	assert.Len(t, server.Users(), users)
}
