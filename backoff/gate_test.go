package backoff_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

func TestPacerSendsOneProbeAfter429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{})
		var mu sync.Mutex
		var seen []time.Duration
		begin := time.Now()
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				assert.NoError(t, call(t.Context(), p, func() (int, time.Duration) {
					mu.Lock()
					seen = append(seen, time.Since(begin))
					n := len(seen)
					mu.Unlock()
					if n >= 3 && n <= 7 {
						return 429, 5 * time.Second
					}
					time.Sleep(time.Millisecond) // the 429s arrive first
					return 200, 0
				}))
			})
		}
		wg.Wait()
		// 2 are accepted and 3 rejected, which is one event. Two probes are rejected, the third is accepted.
		require.Len(t, seen, 12+5)
		assert.GreaterOrEqual(t, seen[6]-seen[5], 5*time.Second)
		assert.GreaterOrEqual(t, seen[7]-seen[6], 5*time.Second)
		assert.GreaterOrEqual(t, seen[8]-seen[7], rtt, "no request is sent before the response to the probe")
		assert.Less(t, seen[16], 25*time.Second)
	})
}

func TestPacerUsesLongestRetryAfterOfConcurrent429s(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{})
		a, b := p.Ticket("GET"), p.Ticket("GET")
		require.NoError(t, a.Wait(t.Context(), 0))
		require.NoError(t, b.Wait(t.Context(), 0))
		time.Sleep(rtt)
		a.Done(429, time.Second)
		b.Done(429, 50*time.Second)
		begin := time.Now()
		require.NoError(t, a.Wait(t.Context(), 0))
		assert.GreaterOrEqual(t, time.Since(begin), 50*time.Second)
	})
}

func TestPacerLearnsWindowWithoutRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{})
		var start time.Time
		used, rejected := 0, 0
		var mu sync.Mutex
		respond := func() (int, time.Duration) { // 20 per minute, without Retry-After
			mu.Lock()
			defer mu.Unlock()
			if time.Since(start) >= time.Minute {
				start, used = time.Now(), 0
			}
			if used++; used > 20 {
				rejected++
				return 429, 0
			}
			return 200, 0
		}
		var wg sync.WaitGroup
		begin := time.Now()
		for range 16 {
			wg.Go(func() {
				for range 10 {
					assert.NoError(t, call(t.Context(), p, respond))
				}
			})
		}
		wg.Wait()
		assert.Less(t, time.Since(begin), 7*time.Minute*110/100)
		assert.Less(t, rejected, 30)
		learned := p.Stats()[0].LearnedQuota
		assert.InDelta(t, 20, learned.N, 1)
		assert.InDelta(t, time.Minute, learned.Per, float64(4*time.Second))
	})
}

func TestPacerRaisesLearnedLimitOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 100, Per: time.Minute}))
		var start time.Time
		used, limit := 0, 40
		var mu sync.Mutex
		respond := func() (int, time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if time.Since(start) >= time.Minute {
				start, used = time.Now(), 0
			}
			if used++; used > limit {
				return 429, time.Until(start.Add(time.Minute))
			}
			return 200, 0
		}
		send := func(n int) time.Duration {
			begin := time.Now()
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { assert.NoError(t, call(t.Context(), p, respond)) })
			}
			wg.Wait()
			return time.Since(begin)
		}
		send(200)
		assert.InDelta(t, 40, p.Stats()[0].LearnedQuota.N, 1)
		limit = 100
		send(300)
		assert.GreaterOrEqual(t, p.Stats()[0].LearnedQuota.N, 60)
		assert.Less(t, send(300), 4*time.Minute)
	})
}

// Idle time says nothing about a server's window: two stray 429s before and after an idle hour
// must not lead to a quota per hour.
func TestPacerLearnsNothingFromIdleTime(t *testing.T) {
	for _, idle := range []time.Duration{time.Minute, 6 * time.Minute, time.Hour, 8 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			p := newPacer(t, backoff.PacerConfig{})
			for range 5 {
				require.NoError(t, call(t.Context(), p, ok))
			}
			ticket := p.Ticket("POST")
			require.NoError(t, ticket.Wait(t.Context(), 0))
			ticket.Done(429, 0) // and the caller does not retry

			time.Sleep(idle)
			for range 8 {
				require.NoError(t, call(t.Context(), p, ok))
			}
			rejected := false
			start := time.Now()
			for range 20 {
				require.NoError(t, call(t.Context(), p, func() (int, time.Duration) {
					if !rejected {
						rejected = true
						return 429, 0
					}
					return 200, 0
				}))
			}
			assert.Less(t, time.Since(start), 10*time.Second, "after %v", idle)
		})
	}
}

// Without documented quotas, few requests are in flight until the first 429 or many accepted
// requests. A server that names no time is probed few times a minute.
func TestPacerLimitsInFlightWithoutQuotas(t *testing.T) {
	under := func(t *testing.T, p *backoff.QuotaPacer) (n int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wg sync.WaitGroup
		defer wg.Wait()
		for range 20 {
			wg.Go(func() {
				ticket := p.Ticket("GET")
				if ticket.Wait(ctx, 0) == nil {
					<-ctx.Done()
					ticket.Done(200, 0)
				}
			})
		}
		synctest.Wait()
		n = p.Stats()[0].InFlight
		cancel()
		return n
	}
	synctest.Test(t, func(t *testing.T) {
		assert.Equal(t, 5, under(t, newPacer(t, backoff.PacerConfig{})))
		assert.Equal(t, 5, under(t, newPacer(t, backoff.PacerConfig{MaxInFlight: 16})))
		assert.Equal(t, 2, under(t, newPacer(t, backoff.PacerConfig{MaxInFlight: 2})))
		documented := backoff.QuotaSet{Quotas: []backoff.Quota{{N: 300, Per: time.Minute}}}
		assert.Equal(t, 16, under(t, newPacer(t, backoff.PacerConfig{MaxInFlight: 16, Quotas: []backoff.QuotaSet{documented}})))

		p := newPacer(t, backoff.PacerConfig{})
		for range 1024 {
			require.NoError(t, call(t.Context(), p, func() (int, time.Duration) { return 200, 0 }))
		}
		assert.Equal(t, backoff.DefaultMaxInFlight, under(t, p))
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{})
		begin, rejected := time.Now(), 0
		require.NoError(t, call(t.Context(), p, func() (int, time.Duration) {
			if time.Since(begin) < time.Minute {
				rejected++
				return 429, 0
			}
			return 200, 0
		}))
		assert.Equal(t, 6, rejected, "at first, and after 1, 5, 10, 20 and 30 seconds")
		assert.Less(t, time.Since(begin), 62*time.Second)
	})
}
