package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
)

// interruptedAfter interrupts a run after each of the times.
func interruptedAfter(times ...time.Duration) func() (<-chan os.Signal, func()) {
	return func() (<-chan os.Signal, func()) {
		c := make(chan os.Signal, len(times))
		var timers []*time.Timer
		for _, after := range times {
			timers = append(timers, time.AfterFunc(after, func() { c <- os.Interrupt }))
		}
		return c, func() {
			for _, timer := range timers {
				timer.Stop()
			}
		}
	}
}

// slow delays responses about bea by 20 seconds.
func slow() resttest.Fault {
	return resttest.Fault{Delay: 20 * time.Second, Times: -1, Match: func(r *http.Request) bool { return r.URL.Query().Get("email") == "bea@example.com" }}
}

// lookedUp makes the list fail, so that each user is looked up and a search can be slow.
func lookedUp(server *partootest.Server) {
	list := resttest.Status(403)
	list.Match = func(r *http.Request) bool { return r.Method == http.MethodGet && !r.URL.Query().Has("email") }
	server.Fail(list.Repeat(-1), slow())
}

// The first interrupt lets the user in flight finish.
func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		lookedUp(server)
		journal := filepath.Join(t.TempDir(), "journal")
		b := newBench(t, four, "--provider", "partoo", "--workers", "1", "--journal", journal).atPartoo(server, 403)
		b.run.streams.signals = interruptedAfter(time.Second)
		start := time.Now()
		got := b.upsert(t.Context())
		assert.Equal(t, 20*time.Second, time.Since(start))
		assert.Equal(t, exitFailed, got.status)
		assert.Equal(t, lines(
			"partoo     line 2  created    5309c3a237bbc54400000001  ada@example.com",
			"partoo     line 3  created    5309c3a237bbc54400000002  bea@example.com",
			"",
			"partoo     2 created, 0 updated, 0 unchanged, 0 failed, 2 not sent; 429 responses: 0",
			"",
			"partoo     2 users not sent: interrupted",
		), got.out)
		assert.Contains(t, got.err, "usersync: interrupted: finishing users in progress; interrupt again to abort\n")
		assert.Contains(t, got.err, "usersync: to resume: usersync upsert --resume --fake --provider partoo --workers 1 --journal "+journal+"\n")
		assert.Len(t, server.Users(), 2)
	})
}

// The second interrupt aborts immediately, and the journal is complete.
func TestSecondInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		lookedUp(server)
		journal := filepath.Join(t.TempDir(), "journal")
		args := []string{"--provider", "partoo", "--workers", "1", "--journal", journal}
		b := newBench(t, four, args...).atPartoo(server, 403)
		b.run.streams.signals = interruptedAfter(time.Second, 2*time.Second)
		start := time.Now()
		got := b.upsert(t.Context())
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, "partoo     1 created, 0 updated, 0 unchanged, 0 failed, 3 not sent;")

		server.ClearFaults()
		got = newBench(t, four, append(args, "--resume")...).atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.err)
		assert.Contains(t, got.out, "partoo     3 created, 0 updated, 0 unchanged, 0 failed, 0 not sent, 1 done before;")
		assert.Len(t, server.Users(), 4)
	})
}

// A user whose create was in flight may exist. This is reported, it is not a failure, and
// the next run upserts the user.
func TestSecondInterruptCutsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Fault{Delay: time.Minute, Match: func(r *http.Request) bool { return r.Method == http.MethodPost }})
		journal := filepath.Join(t.TempDir(), "journal")
		args := []string{"--provider", "partoo", "--workers", "1", "--journal", journal}
		b := newBench(t, four, args...).atPartoo(server)
		b.run.streams.signals = interruptedAfter(time.Second, 2*time.Second)
		got := b.upsert(t.Context())
		assert.Contains(t, got.out, lines(
			"partoo     0 created, 0 updated, 0 unchanged, 0 failed, 4 not sent; 429 responses: 0",
			"",
			"partoo     4 users not sent: interrupted; 1 of them were in progress and may exist",
		))
		assert.Contains(t, got.err, "usersync: to resume: usersync upsert --resume ")

		got = newBench(t, four, append(args, "--resume")...).atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.err)
		assert.Contains(t, got.out, "partoo     3 created, 0 updated, 1 unchanged, 0 failed, 0 not sent;")
		assert.Len(t, server.Users(), 4)
	})
}

// A user that waits for the quota is not sent after an interrupt.
func TestInterruptInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		journal := filepath.Join(t.TempDir(), "journal")
		args := []string{"--provider", "partoo", "--quota", "1/min", "--journal", journal}
		b := newBench(t, four, args...).atPartoo(server)
		b.run.streams.signals = interruptedAfter(150 * time.Second)
		start := time.Now()
		got := b.upsert(t.Context())
		assert.Equal(t, 150*time.Second, time.Since(start), "no user waits for the quota")
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, lines(
			"",
			"partoo     2 created, 0 updated, 0 unchanged, 0 failed, 2 not sent; 429 responses: 0",
			"",
			"partoo     2 users not sent: interrupted",
		))
		assert.Len(t, server.Users(), 2)
		got = newBench(t, four, append(args, "--resume")...).atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.out)
		assert.Contains(t, got.out, "2 created, 0 updated, 0 unchanged, 0 failed, 0 not sent, 2 done before;")
	})
}

// One interrupt is enough while the server asks every request to wait.
func TestInterruptDuringRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Throttle("1800").On("POST /v2/user").Repeat(-1))
		journal := filepath.Join(t.TempDir(), "journal")
		b := newBench(t, four, "--provider", "partoo", "--journal", journal).atPartoo(server, http.StatusTooManyRequests)
		b.run.streams.signals = interruptedAfter(time.Minute)
		start := time.Now()
		got := b.upsert(t.Context())
		assert.LessOrEqual(t, time.Since(start), time.Minute+idleLimit+time.Second)
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, "0 failed, 4 not sent;")
		assert.Contains(t, got.out, "partoo     4 users not sent: interrupted\n")
	})
}

func TestInterruptBeforeTheFirstUser(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	got := usersyncIn(ctx, nil, "user_id,email,first_name,last_name\n1,ada@example.com,Ada,Lovelace\n", "upsert", "--provider", "usercom", "--fake", "-")
	require.Equal(t, output{exitFailed, lines(
		"",
		"usercom    0 created, 0 updated, 0 unchanged, 0 failed, 1 not sent; 429 responses: 0",
		"",
		"usercom    1 user not sent: interrupted",
	), ""}, got)
}
