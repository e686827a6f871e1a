package redispacer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// windowServer counts requests in fixed windows, each of which starts with the
// first request after the one before.
type windowServer struct {
	quotas   []backoff.Quota
	latency  time.Duration
	mu       sync.Mutex
	since    []time.Time
	count    []int
	accepted int
	rejected int
}

func (s *windowServer) handle() (int, time.Duration) {
	time.Sleep(s.latency / 2)
	defer time.Sleep(s.latency / 2)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.since == nil {
		s.since, s.count = make([]time.Time, len(s.quotas)), make([]int, len(s.quotas))
	}
	var wait time.Duration
	for i, q := range s.quotas {
		if now.Sub(s.since[i]) >= q.Per {
			s.since[i], s.count[i] = now, 0
		}
		if s.count[i] >= q.N {
			wait = max(wait, q.Per-now.Sub(s.since[i]))
		}
	}
	if wait > 0 {
		s.rejected++
		return 429, wait
	}
	for i := range s.count {
		s.count[i]++
	}
	s.accepted++
	return 200, 0
}

func newTestPacer(t testing.TB, server *redisServer, config Config) *Pacer {
	t.Helper()
	p, err := New(t.Context(), server.client(t), "https://api.example.com", "key", config)
	require.NoError(t, err)
	p.storeTimeout = 10 * time.Second // a busy machine is no fault
	t.Cleanup(func() { assert.NoError(t, p.Close(context.WithoutCancel(t.Context()))) })
	return p
}

// run sends n requests in total with the pacers, each in several goroutines, and
// returns the number that each pacer sent.
func run(t *testing.T, pacers []*Pacer, goroutines, n int, api *windowServer) []int64 {
	t.Helper()
	var next atomic.Int64
	sent := make([]int64, len(pacers))
	var group sync.WaitGroup
	for i, p := range pacers {
		for range goroutines {
			group.Go(func() {
				for next.Add(1) <= int64(n) {
					ticket := p.Ticket("POST")
					for {
						if !assert.NoError(t, ticket.Wait(t.Context(), 0)) {
							return
						}
						status, retryAfter := api.handle()
						ticket.Done(status, retryAfter)
						if status == 200 {
							atomic.AddInt64(&sent[i], 1)
							break
						}
					}
				}
			})
		}
	}
	group.Wait()
	return sent
}

func TestPacersShareAQuota(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	quotas := []backoff.Quota{{N: 1, Per: 50 * time.Millisecond}, {N: 30, Per: 3 * time.Second}}
	var pacers []*Pacer
	for range 4 {
		pacers = append(pacers, newTestPacer(t, server, Config{Quotas: []backoff.QuotaSet{{Quotas: quotas}}}))
	}
	api := &windowServer{quotas: quotas, latency: 20 * time.Millisecond}
	sent := run(t, pacers, 8, 40, api)
	assert.Zero(t, api.rejected, "users of each pacer: %v", sent)
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	for name, c := range map[string]struct {
		origin, key string
		config      Config
		want        string
	}{
		"share":    {"https://x", "k", Config{Share: -1}, "Share is -1"},
		"timeout":  {"https://x", "k", Config{RequestTimeout: -1}, "RequestTimeout is -1ns"},
		"quota":    {"https://x", "k", Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: maxLog + 1, Per: time.Hour}}}}}, "want at most 65536"},
		"no quota": {"https://x", "k", Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{}}}}}, "N is 0"},
		"origin":   {"", "k", Config{}, "origin and key"},
		"key":      {"https://x", "", Config{}, "origin and key"},
	} {
		_, err := New(t.Context(), server.client(t), c.origin, c.key, c.config)
		assert.ErrorContains(t, err, c.want, name)
	}
	_, err := New(t.Context(), nil, "https://x", "k", Config{})
	assert.ErrorContains(t, err, "client is nil")
}

func TestNewNeedsStoreOrShare(t *testing.T) {
	t.Parallel()
	client := (&redisServer{Addr: "127.0.0.1:1"}).client(t) // no test starts a server there

	_, err := New(t.Context(), client, "https://x", "k", Config{})
	assert.ErrorContains(t, err, "store unavailable and Share not set")

	p, err := New(t.Context(), client, "https://x", "k", Config{Share: 2, Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 4, Per: 200 * time.Millisecond}}}}})
	require.NoError(t, err)
	start := time.Now()
	for range 3 { // two per window
		ticket := p.Ticket("GET")
		require.NoError(t, ticket.Wait(t.Context(), 0))
		ticket.Done(200, 0)
	}
	assert.GreaterOrEqual(t, time.Since(start), 400*time.Millisecond, "one window, and the next one for the third request")
	require.NoError(t, p.Close(t.Context()))
}

// The store sees neither the key nor the origin, and all keys of a quota are in
// one slot of a cluster.
func TestStoreKeys(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p, err := New(t.Context(), server.client(t), "https://api.example.com", "Secret-Key", Config{Quotas: []backoff.QuotaSet{{Methods: []string{"POST", "PUT"}}}})
	require.NoError(t, err)
	ticket := p.Ticket("PUT")
	require.NoError(t, ticket.Wait(t.Context(), 0))
	keys, err := server.client(t).Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		assert.Regexp(t, `^usersync:\{[0-9a-f]{32}\}:(POST\+PUT|other):[a-z]+$`, key)
		ttl, err := server.client(t).PTTL(t.Context(), key).Result()
		require.NoError(t, err)
		assert.Positive(t, ttl, "%s must expire", key)
	}
	ticket.Done(200, 0)
	require.NoError(t, p.Close(t.Context()))
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	quotas := []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}}}
	first, second := newTestPacer(t, server, Config{Quotas: quotas}), newTestPacer(t, server, Config{Quotas: quotas})
	ticket := first.Ticket("GET")
	require.NoError(t, ticket.Wait(t.Context(), 0))
	ticket.Done(200, 0)

	start := time.Now()
	err := second.Ticket("GET").Wait(t.Context(), time.Minute)
	var wait *backoff.WaitError
	require.ErrorAs(t, err, &wait)
	assert.InDelta(t, time.Hour.Seconds(), wait.MinWait.Seconds(), 10)
	assert.NoError(t, wait.Err)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	assert.ErrorIs(t, second.Ticket("GET").Wait(ctx, 0), context.DeadlineExceeded)
	assert.Less(t, time.Since(start), 5*time.Second, "both are told at once")

	// One that waits behind another is told too.
	ctx, cancel = context.WithCancel(t.Context())
	blocked := make(chan error, 1)
	go func() { blocked <- second.Ticket("GET").Wait(ctx, 0) }()
	require.Eventually(t, func() bool { return second.Stats()[0].Queued == 1 }, 5*time.Second, time.Millisecond)
	require.ErrorAs(t, second.Ticket("GET").Wait(t.Context(), time.Minute), &wait)
	assert.Greater(t, wait.MinWait, 90*time.Minute)

	ended := time.Now()
	cancel()
	assert.ErrorIs(t, <-blocked, context.Canceled)
	assert.Less(t, time.Since(ended), time.Second)
	assert.Zero(t, second.Stats()[0].Queued)
}

func TestCloseRejectsWaitingCallsAndSignsOff(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p, err := New(t.Context(), server.client(t), "https://x", "k", Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}}}})
	require.NoError(t, err)
	ticket := p.Ticket("GET")
	require.NoError(t, ticket.Wait(t.Context(), 0))
	waiting := make(chan error, 1)
	go func() { waiting <- p.Ticket("GET").Wait(t.Context(), 0) }()
	require.Eventually(t, func() bool { return p.Stats()[0].Queued == 1 }, 5*time.Second, time.Millisecond)
	ticket.Done(200, 0)

	require.NoError(t, p.Close(t.Context()))
	require.NoError(t, p.Close(t.Context()), "a second Close does nothing")

	assert.ErrorIs(t, <-waiting, errClosed)
	assert.ErrorIs(t, p.Ticket("GET").Wait(t.Context(), 0), errClosed)
	client := server.client(t)
	counted, err := client.ZCard(t.Context(), p.classes[0].keys[0]).Result()
	require.NoError(t, err)
	assert.EqualValues(t, 1, counted, "the result was reported")
	processes, err := client.HLen(t.Context(), p.classes[0].keys[4]).Result()
	require.NoError(t, err)
	assert.Zero(t, processes)
}

// A request needs one question and one report; a process without requests asks
// nothing.
func TestStepsPerRequest(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 100, Per: time.Hour}}}}})
	steps := func() (n int) {
		awaitIdle(t, p)
		info, err := server.client(t).Info(t.Context(), "commandstats").Result()
		require.NoError(t, err)
		_, calls, _ := strings.Cut(info, "cmdstat_evalsha:calls=")
		_, err = fmt.Sscan(calls[:strings.IndexByte(calls, ',')], &n)
		require.NoError(t, err)
		return n
	}
	before := steps()
	for range 10 {
		send(t, p)
		awaitIdle(t, p)
	}
	assert.LessOrEqual(t, steps()-before, 20)
}

func TestA429PausesEveryProcessAndOneProbes(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	config := Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 100, Per: time.Second}}}}}
	var events atomic.Int64
	config.Observe = func(e backoff.Event) {
		if e.RateLimited {
			events.Add(1)
		}
	}
	first, second := newTestPacer(t, server, config), newTestPacer(t, server, config)
	ticket := first.Ticket("GET")
	require.NoError(t, ticket.Wait(t.Context(), 0))
	ticket.Done(429, 300*time.Millisecond)
	require.Eventually(t, func() bool { // the report is on its way
		first.classes[0].mu.Lock()
		defer first.classes[0].mu.Unlock()
		return len(first.classes[0].reports) == 0
	}, 5*time.Second, time.Millisecond)
	start := time.Now()

	var probing, most atomic.Int64
	var opened atomic.Bool
	var group sync.WaitGroup
	for _, p := range []*Pacer{first, second, first, second} {
		group.Go(func() {
			ticket := p.Ticket("GET")
			if !assert.NoError(t, ticket.Wait(t.Context(), 0)) {
				return
			}
			if !opened.Load() {
				most.Store(max(most.Load(), probing.Add(1)))
			}
			time.Sleep(50 * time.Millisecond)
			opened.Store(true)
			ticket.Done(200, 0)
		})
	}
	group.Wait()
	assert.GreaterOrEqual(t, time.Since(start), 290*time.Millisecond)
	assert.EqualValues(t, 1, most.Load(), "one request probes")
	assert.EqualValues(t, 1, events.Load())
	assert.EqualValues(t, 1, first.Stats()[0].RateLimited)
}

// What one process learns from 429s holds for all of them, and is raised again.
func TestLearnedLimitIsShared(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	quotas := []backoff.Quota{{N: 10, Per: time.Second}}
	var pacers []*Pacer
	for range 2 {
		pacers = append(pacers, newTestPacer(t, server, Config{}))
	}
	api := &windowServer{quotas: quotas, latency: 10 * time.Millisecond}
	run(t, pacers, 4, 120, api)
	for _, p := range pacers {
		learned := p.Stats()[0].LearnedQuota
		assert.Equal(t, time.Second, learned.Per)
		assert.InDelta(t, 10, learned.N, 2)
	}
	assert.Less(t, api.rejected, 60, "without a learned limit, each window of 10 rejects as many as are in flight")
}

func TestUnusedPermissionIsGivenBack(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}}}})
	c := p.classes[0]
	ticket := p.Ticket("GET").(*ticket)
	require.NoError(t, ticket.Wait(t.Context(), 0))
	c.mu.Lock()
	c.release(ticket)
	c.mu.Unlock()

	require.NoError(t, p.Ticket("GET").Wait(t.Context(), time.Second), "the quota of one is free again")
}

// A process that died holds its place for its request timeout and no longer.
func TestLostRequestCountsAfterItsTimeout(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	config := Config{RequestTimeout: 100 * time.Millisecond, Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 1, Per: 500 * time.Millisecond}}}}}
	dead, alive := newTestPacer(t, server, config), newTestPacer(t, server, config)
	require.NoError(t, dead.Ticket("GET").Wait(t.Context(), 0)) // and no Done

	start := time.Now()
	require.NoError(t, alive.Ticket("GET").Wait(t.Context(), 0))
	assert.InDelta(t, (100*time.Millisecond + timeoutMargin + 500*time.Millisecond).Seconds(), time.Since(start).Seconds(), 0.5)
}

func TestMemoryInStoreIsBounded(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newTestPacer(t, server, Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 20, Per: 50 * time.Millisecond}}}}})
	api := &windowServer{}
	run(t, []*Pacer{p}, 8, 600, api)
	client := server.client(t)
	for _, key := range p.classes[0].keys {
		used, err := client.MemoryUsage(t.Context(), key).Result()
		if err == nil {
			assert.Less(t, used, int64(64<<10), key)
		}
	}
}

// A cluster accepts the script because all keys of a quota have one hash tag.
func TestCluster(t *testing.T) {
	t.Parallel()
	server := startRedis(t, "--cluster-enabled", "yes")
	require.NoError(t, server.client(t).Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err())
	require.Eventually(t, func() bool {
		info, err := server.client(t).ClusterInfo(t.Context()).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	}, 10*time.Second, 10*time.Millisecond)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.Addr}, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	p, err := New(t.Context(), client, "https://x", "k", Config{Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 5, Per: 300 * time.Millisecond}}}}})
	require.NoError(t, err)
	p.storeTimeout = 10 * time.Second
	api := &windowServer{quotas: []backoff.Quota{{N: 5, Per: 300 * time.Millisecond}}}
	run(t, []*Pacer{p}, 4, 12, api)
	assert.Zero(t, api.rejected)
	p.classes[0].mu.Lock()
	assert.Nil(t, p.classes[0].fallback, "the cluster must have replied")
	p.classes[0].mu.Unlock()
	require.NoError(t, p.Close(t.Context()))
}

func BenchmarkWaitDone(b *testing.B) {
	server := startRedis(b)
	quotas := []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: maxLog, Per: time.Millisecond}}}}
	b.Run("redispacer", func(b *testing.B) {
		p := newTestPacer(b, server, Config{Quotas: quotas})
		b.ReportAllocs()
		for b.Loop() {
			ticket := p.Ticket("GET")
			if err := ticket.Wait(b.Context(), 0); err != nil {
				b.Fatal(err)
			}
			ticket.Done(200, 0)
		}
	})
	b.Run("redis_rate", func(b *testing.B) {
		p := &ratePacer{limiter: redis_rate.NewLimiter(server.client(b)), quotas: []backoff.Quota{{N: maxLog, Per: time.Millisecond}}}
		b.ReportAllocs()
		for b.Loop() {
			if err := p.Wait(b.Context(), 0); err != nil {
				b.Fatal(err)
			}
			p.Done(200, 0)
		}
	})
}
