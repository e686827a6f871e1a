//go:build unix

package redispacer

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// A process whose only waiting call ends does not delay the others for 2 seconds.
func TestEndedCallLeavesTheQueueOfTheStore(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	config := oneQuota(1, time.Hour)
	first, second := newTestPacer(t, server, config), newTestPacer(t, server, config)
	send(t, first)
	queued := func() int64 {
		n, err := server.client(t).ZCard(t.Context(), second.classes[0].keys[3]).Result()
		require.NoError(t, err)
		return n
	}
	var tooLong *backoff.WaitError
	require.ErrorAs(t, second.Ticket("GET").Wait(t.Context(), time.Minute), &tooLong)
	awaitIdle(t, second)
	assert.Zero(t, queued(), "rejected by its deadline")

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- second.Ticket("GET").Wait(ctx, 0) }()
	require.Eventually(t, func() bool { return queued() == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	awaitIdle(t, second)
	assert.Zero(t, queued(), "context canceled")
}

// A late reply of an intact store does not make all processes report their requests
// again: idle ones would not, and the others would wait for a whole window.
func TestLateReplyCausesNoPauseOfAWindow(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	config := oneQuota(10, time.Hour)
	first, idle := newTestPacer(t, server, config), newTestPacer(t, server, config)
	send(t, idle)
	send(t, first)
	awaitIdle(t, first)
	first.storeTimeout = 100 * time.Millisecond
	for range 3 {
		require.NoError(t, server.client(t).Do(t.Context(), "CLIENT", "PAUSE", "700").Err())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		ticket := first.Ticket("GET")
		require.NoError(t, ticket.Wait(ctx, 0))
		cancel()
		ticket.Done(200, 0)
		awaitIdle(t, first)
	}
	first.classes[0].mu.Lock()
	assert.LessOrEqual(t, len(first.classes[0].reports), 1, "reports must not pile up")
	first.classes[0].mu.Unlock()
}

// A new connection to a distant store takes several round trips, more than a reply may.
func TestReconnectsToDistantStore(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	distant := &redisServer{Addr: startProxy(t, server.Addr, 30*time.Millisecond)}
	config := oneQuota(10, time.Hour)
	first, idle := newTestPacer(t, distant, config), newTestPacer(t, distant, config)
	send(t, idle)
	send(t, first)
	awaitIdle(t, first)
	first.storeTimeout = storeTimeout
	require.NoError(t, server.client(t).Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal").Err())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	assert.NoError(t, first.Ticket("GET").Wait(ctx, 0))
}

// A new process may be the first to find the store empty. The others, which know that
// requests were sent, still wait for each other's.
func TestEmptiedStoreIsNoticedBehindANewProcess(t *testing.T) {
	t.Parallel()
	const window = 1500 * time.Millisecond
	server := startRedis(t)
	config := oneQuota(2, window)
	first, second := newTestPacer(t, server, config), newTestPacer(t, server, config)
	send(t, first)
	send(t, second)
	awaitIdle(t, first)
	awaitIdle(t, second)
	sent := time.Now()
	require.NoError(t, server.client(t).FlushAll(t.Context()).Err())
	newTestPacer(t, server, config)

	send(t, first)
	assert.GreaterOrEqual(t, time.Since(sent), window-100*time.Millisecond, "second's request is unknown until the window ends")
}

// A request that was permitted without the store and is in flight when the store
// returns counts until its response, not until its guard time ends.
func TestLocalRequestIsReportedToReturnedStore(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, oneQuota(1, 200*time.Millisecond))
	send(t, p)
	awaitIdle(t, p)
	server.stop()
	local := p.Ticket("GET")
	require.NoError(t, local.Wait(t.Context(), 0))
	server.start(t)
	next := make(chan error, 1)
	go func() { next <- p.Ticket("GET").Wait(t.Context(), 20*time.Second) }()
	inFlight := func() int64 {
		n, err := server.client(t).ZCard(t.Context(), p.classes[0].keys[1]).Result()
		require.NoError(t, err)
		return n
	}
	require.Eventually(t, func() bool { return inFlight() == 1 }, 10*time.Second, time.Millisecond, "the store must learn of it")
	local.Done(200, 0)
	select {
	case err := <-next:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the next request must not wait for the guard time")
	}
}

// The store may carry out a question of the fallback after its timeout, while the process
// still sends requests without the store.
func TestQuestionOfTheFallbackRestoresNoRequests(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, oneQuota(1, 100*time.Millisecond))
	c := p.classes[0]
	send(t, p)
	awaitIdle(t, p)
	server.stop()
	send(t, p)
	awaitIdle(t, p)
	c.mu.Lock()
	c.mustRestore = true
	assert.NotNil(t, c.fallback)
	assert.Nil(t, c.newStep(p.now()).Restore)
	c.mu.Unlock()
	server.start(t)
	returned := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.fallback == nil && !c.mustRestore
	}
	for start := time.Now(); !returned() && time.Since(start) < 10*time.Second; {
		send(t, p)
		awaitIdle(t, p)
	}
	assert.True(t, returned(), "the next question restores the requests")
}

// A learned limit is raised again, also after a process died with the request that
// tried more.
func TestLearnedLimitIsRaisedAgain(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, Config{})
	client, meta := server.client(t), p.classes[0].keys[2]
	require.NoError(t, client.HSet(t.Context(), meta, "learned_n", 2, "learned_per", (100*time.Millisecond).Microseconds(),
		"explore_at", 0, "explore_wait", 1, "explore_step", 1, "exploring", "request of a dead process:1000").Err())
	learned := func() int {
		text, err := client.HGet(t.Context(), meta, "learned_n").Result()
		require.NoError(t, err)
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	for start := time.Now(); learned() < 10 && time.Since(start) < 20*time.Second; {
		ticket := p.Ticket("GET")
		if ticket.Wait(t.Context(), time.Millisecond*5) == nil { // often too short for the learned limit
			ticket.Done(200, 0)
		}
	}
	assert.GreaterOrEqual(t, learned(), 10)
}

// The report of a 429 may arrive twice, because its reply was lost. It does not pause
// the processes again after a probe was accepted.
func TestOld429DoesNotCloseAgain(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, Config{})
	c := p.classes[0]
	step := func(reports ...report) {
		s := c.newStep(time.Now())
		s.Reports = append(s.Reports, reports...)
		_, err := p.ask(t.Context(), c.keys, s)
		require.NoError(t, err)
	}
	closed := func() bool {
		yes, err := server.client(t).HExists(t.Context(), c.keys[2], "closed").Result()
		require.NoError(t, err)
		return yes
	}
	rejected := report{ID: c.newID(), Status: statusRejected, Limit: true}
	received := time.Now()
	step(rejected)
	require.True(t, closed())
	require.NoError(t, server.client(t).HSet(t.Context(), c.keys[2], "until", 0).Err())
	send(t, p) // the probe
	awaitIdle(t, p)
	require.False(t, closed())

	rejected.Age = time.Since(received).Microseconds()
	step(rejected)
	assert.False(t, closed())
	step(report{ID: c.newID(), Status: statusRejected})
	assert.True(t, closed(), "a new one does")
}

// A new master whose clock is behind costs one window at most.
func TestClockOfTheStoreGoesBack(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, oneQuota(1, time.Second))
	send(t, p)
	awaitIdle(t, p)
	require.NoError(t, server.client(t).ZAdd(t.Context(), p.classes[0].keys[0],
		redis.Z{Score: float64(time.Now().Add(time.Hour).UnixMicro()), Member: "before the failover"}).Err())
	require.NoError(t, p.Ticket("GET").Wait(t.Context(), time.Minute))
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, oneQuota(100, time.Hour))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Ticket("GET").Wait(ended, 0), context.Canceled)

	ticket := p.Ticket("GET")
	ticket.Done(200, 0) // without a Wait
	require.NoError(t, ticket.Wait(t.Context(), 0))
	ticket.Done(200, 0)
	ticket.Done(429, time.Hour) // twice
	require.NoError(t, server.client(t).ScriptFlush(t.Context()).Err())
	send(t, p)
	stats := p.Stats()[0]
	assert.Zero(t, stats.InFlight)
	assert.Zero(t, stats.RateLimited)
	assert.EqualValues(t, 2, stats.Sent)

	require.NoError(t, ticket.Wait(t.Context(), 0))
	ticket.Done(429, 100*365*24*time.Hour)
	awaitIdle(t, p)
	var tooLong *backoff.WaitError
	require.ErrorAs(t, p.Ticket("GET").Wait(t.Context(), time.Minute), &tooLong)
	assert.LessOrEqual(t, tooLong.MinWait, maxRetryAfter, "a Retry-After of a century is a mistake")
}

func TestCloseWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p, err := New(t.Context(), server.client(t), "https://x", "k", oneQuota(1, time.Hour))
	require.NoError(t, err)
	ticket := p.Ticket("GET")
	require.NoError(t, ticket.Wait(t.Context(), 0))
	server.stop()
	waiting := make(chan error, 1)
	go func() { waiting <- p.Ticket("GET").Wait(t.Context(), 0) }()
	require.Eventually(t, func() bool { return p.Stats()[0].Queued == 1 }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, p.Close(ctx), "every goroutine ends")
	require.ErrorIs(t, <-waiting, errClosed)
	ticket.Done(200, 0)
}
