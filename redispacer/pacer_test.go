package redispacer

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
	start    []time.Time
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
	if s.start == nil {
		s.start, s.count = make([]time.Time, len(s.quotas)), make([]int, len(s.quotas))
	}
	var wait time.Duration
	for i, q := range s.quotas {
		if now.Sub(s.start[i]) >= q.Per {
			s.start[i], s.count[i] = now, 0
		}
		if s.count[i] >= q.N {
			wait = max(wait, q.Per-now.Sub(s.start[i]))
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
	t.Cleanup(func() { assert.NoError(t, p.Close(context.WithoutCancel(t.Context()))) })
	return p
}

// run sends n requests in total with the pacers, each with so many goroutines, and
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
	start := time.Now()
	sent := run(t, pacers, 8, 60, api)
	took := time.Since(start)
	best := 3*time.Second + 29*50*time.Millisecond + 20*time.Millisecond
	t.Log(took, took.Seconds()/best.Seconds(), sent, api.rejected, pacers[0].classes[0].asked)
	assert.Zero(t, api.rejected)
	assert.Less(t, took.Seconds()/best.Seconds(), 1.05)
}
