package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo/partootest"
)

// If standard output is closed, the run ends as after an interrupt.
func TestBrokenOutputEndsTheRun(t *testing.T) {
	for _, flag := range []string{"--json", "--provider=partoo"} {
		synctest.Test(t, func(t *testing.T) {
			server := partootest.NewServer()
			journal := filepath.Join(t.TempDir(), "journal")
			args := []string{"--provider", "partoo", "--quota", "1/min", "--journal", journal, flag}
			b := newBench(t, four, args...).atPartoo(server)
			b.run.report.out = fullDisk{}
			got := b.upsert(t.Context())
			assert.Equal(t, exitFailed, got.status)
			assert.Contains(t, got.err, "usersync: writing the results: no space left\nusersync: to resume: usersync upsert --resume ")
			assert.Contains(t, got.out+got.err, "3 users not sent: writing the results: no space left\n")
			got = newBench(t, four, append(args, "--resume")...).atPartoo(server).upsert(t.Context())
			assert.Equal(t, exitOK, got.status, got.err)
			assert.Len(t, server.Users(), 4)
		})
	}
}

// The same with a pipe whose reader exits, as head does.
func TestPipeWithoutAReader(t *testing.T) {
	server, env := loopback(t)
	file := writeFile(t, "users.csv", manyUsers(400))
	journal := filepath.Join(t.TempDir(), "journal")
	command := exec.CommandContext(t.Context(), os.Args[0], "upsert", "--provider", "partoo", "--quota", "none", "--workers", "2", "--journal", journal, file)
	command.Env = append(os.Environ(), asCommand+"=1")
	for name, value := range env {
		command.Env = append(command.Env, name+"="+value)
	}
	var log strings.Builder
	command.Stderr = &log
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	err = command.Wait()
	assert.ErrorContains(t, err, "exit status 1")
	assert.Contains(t, log.String(), "usersync: to resume: usersync upsert --resume ")
	there := len(server.Users())
	assert.Less(t, there, 400)

	got := usersyncIn(t.Context(), env, "", "upsert", "--resume", "--quiet", "--provider", "partoo", "--quota", "none", "--journal", journal, file)
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Len(t, server.Users(), 400)
}
