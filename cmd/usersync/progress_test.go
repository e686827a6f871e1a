package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo/partootest"
)

// Without a terminal, a line per provider is printed every five seconds.
func TestProgressLinesWithoutTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		got := newBench(t, four, "--provider", "partoo", "--quota", "1/12s").atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitOK, got.status)
		printed := strings.Split(strings.TrimSpace(got.err), "\n")
		require.Len(t, printed, 9)
		assert.Regexp(t, `^partoo     0 of 4: 0 created, 0 updated, 0 unchanged, 0 failed; 1 of 1 requests in the last 12s; waiting until \d\d:\d\d:12$`, printed[0])
		assert.Regexp(t, `^partoo     2 of 4: 2 created, 0 updated, 0 unchanged, 0 failed; 1 of 1 requests in the last 12s; waiting until \d\d:\d\d:36; about 2[23]s left$`, printed[4])
	})
}

func TestQuietShowsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		got := newBench(t, four, "--provider", "partoo", "--quota", "1/10s", "--quiet").atPartoo(server).upsert(t.Context())
		assert.Equal(t, output{exitOK, "partoo     4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0\n", ""}, got)
	})
}
