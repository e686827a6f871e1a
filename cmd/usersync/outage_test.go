package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// failUntil makes every request fail for a time.
func failUntil(end time.Time, status int) resttest.Fault {
	fault := resttest.Status(status)
	fault.Match = func(*http.Request) bool { return time.Now().Before(end) }
	return fault.Repeat(-1)
}

func TestRunWaitsForTheEndOfAnOutage(t *testing.T) {
	for _, status := range []int{408, 500, 503, 520} {
		synctest.Test(t, func(t *testing.T) {
			server := usercomtest.NewServer()
			start := time.Now()
			server.Fail(failUntil(start.Add(5*time.Minute), status))
			b := newBench(t, manyUsercom(50), "--provider", "usercom")
			b.at(usercomProvider(), clientConfig{key: usercomtest.Key, options: server.Options()}, server.Server, status)
			got := b.upsert(t.Context())
			assert.Equal(t, exitOK, got.status, got.out)
			assert.Less(t, time.Since(start), 6*time.Minute)
			assert.Contains(t, got.err, `msg="run paused: service failed" provider=usercom next_try_in=1s`)
			assert.Contains(t, got.err, `msg="run resumed" provider=usercom`)
			assert.Len(t, server.Users(), 50)
		})
	}
}

// An outage at the start delays the list of existing users, which saves requests.
func TestListWaitsForTheEndOfAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		start := time.Now()
		server.Fail(failUntil(start.Add(5*time.Minute), 500))
		got := newBench(t, four, "--provider", "partoo").atPartoo(server, 500).upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.out)
		assert.Less(t, time.Since(start), 6*time.Minute)
		assert.Contains(t, got.err, `msg="cannot list existing users: service failed" provider=partoo next_try_in=1s`)
		assert.NotContains(t, got.err, "separately")
	})
}

func manyUsercom(n int) string {
	var b strings.Builder
	b.WriteString("user_id\n")
	for i := range n {
		b.WriteString(strings.Repeat("x", i+1) + "\n")
	}
	return b.String()
}

func TestMaxOutageEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		start := time.Now()
		server.Fail(failUntil(start.Add(time.Hour), 503))
		journal := filepath.Join(t.TempDir(), "journal")
		args := []string{"--provider", "partoo", "--max-outage", "10m", "--journal", journal}
		got := newBench(t, four, args...).atPartoo(server, 503).upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		assert.InDelta(t, 10, time.Since(start).Minutes(), 2)
		assert.Regexp(t, `partoo     4 users not sent: (service failed for longer than|service failed for .* exceeds what is left of the limit of|required wait of [\d.ms]+ exceeds the limit of) 10m0s: `, got.out)
		assert.Contains(t, got.out, "0 failed, 4 not sent")

		time.Sleep(time.Hour)
		got = newBench(t, four, append(args, "--resume")...).atPartoo(server, 503).upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.out+got.err)
		assert.Len(t, server.Users(), 4)
	})
}

// The limit is exceeded as soon as the server asks for a longer wait.
func TestRetryAfterOfADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Throttle("86400").On("POST /v2/user").Repeat(-1))
		start := time.Now()
		got := newBench(t, four, "--provider", "partoo", "--json").atPartoo(server, 429).upsert(t.Context())
		assert.Less(t, time.Since(start), 10*time.Second)
		assert.Equal(t, exitFailed, got.status)
		assert.Regexp(t, `users not sent: required wait of (23h59m59s|24h0m[01]s) exceeds the limit of 1h0m0s`, got.err)
		assert.Contains(t, got.err, ", until 2000-01-02 00:00:0")
		assert.Contains(t, got.out, `"not_sent":4,"complete":false,"reason":"required wait of 2`)
	})
}

// A wait within the limit is printed with its end and the time that is left.
func TestLongRetryAfterIsPrinted(t *testing.T) {
	for seconds, want := range map[string]string{
		"1800":  `2 of 4: .*; waiting until 00:30:00; about 29m55s left\n`,
		"86400": `2 of 4: .*; waiting until 2000-01-02 00:00:00; about 23h59m55s left\n`,
	} {
		synctest.Test(t, func(t *testing.T) {
			server := partootest.NewServer()
			fault := resttest.Throttle(seconds)
			fault.Match = bodyWith("cy@example.com")
			server.Fail(fault)
			got := newBench(t, four, "--provider", "partoo", "--workers", "1", "--max-outage", "48h").atPartoo(server, 429).upsert(t.Context())
			assert.Equal(t, exitOK, got.status, got.out)
			assert.Regexp(t, want, got.err)
		})
	}
}

func TestInterruptDuringPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		start := time.Now()
		server.Fail(failUntil(start.Add(time.Hour), 500))
		b := newBench(t, four, "--provider", "partoo").atPartoo(server, 500)
		b.run.streams.signals = interruptedAfter(10 * time.Minute)
		got := b.upsert(t.Context())
		assert.LessOrEqual(t, time.Since(start), 10*time.Minute+idleLimit+time.Second)
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, "partoo     4 users not sent: interrupted\n")
	})
}

// The rejected API key is the reason, not the cancellations that follow.
func TestFirstReasonIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Status(401).On("POST /v2/user").Repeat(-1))
		b := newBench(t, four, "--provider", "partoo", "--workers", "1").atPartoo(server, 401)
		got := b.upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, "partoo     4 users not sent: API key rejected: ")
		assert.NotContains(t, got.out, "canceled")
	})
}
