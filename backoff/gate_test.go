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
						return 429, 10 * time.Second
					}
					time.Sleep(time.Millisecond) // the refusals are known first
					return 200, 0
				}))
			})
		}
		wg.Wait()
		// 2 pass and 4 are refused, which is one event; a refused probe; a good one.
		require.Len(t, seen, 12+5)
		assert.GreaterOrEqual(t, seen[6]-seen[5], 10*time.Second)
		assert.GreaterOrEqual(t, seen[7]-seen[6], 10*time.Second)
		assert.GreaterOrEqual(t, seen[8]-seen[7], trip, "the others wait for the probe")
		assert.Less(t, seen[16], 25*time.Second)
	})
}

func TestPacerUsesLongestRetryAfterOfConcurrent429s(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{})
		a, b := p.Ticket("GET"), p.Ticket("GET")
		require.NoError(t, a.Wait(t.Context(), 0))
		require.NoError(t, b.Wait(t.Context(), 0))
		time.Sleep(trip)
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
		used, refused := 0, 0
		var mu sync.Mutex
		answer := func() (int, time.Duration) { // 20 a minute, and not a word about it
			mu.Lock()
			defer mu.Unlock()
			if time.Since(start) >= time.Minute {
				start, used = time.Now(), 0
			}
			if used++; used > 20 {
				refused++
				return 429, 0
			}
			return 200, 0
		}
		var wg sync.WaitGroup
		begin := time.Now()
		for range 16 {
			wg.Go(func() {
				for range 10 {
					assert.NoError(t, call(t.Context(), p, answer))
				}
			})
		}
		wg.Wait()
		assert.Less(t, time.Since(begin), 7*time.Minute*110/100)
		assert.Less(t, refused, 30)
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
		answer := func() (int, time.Duration) {
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
				wg.Go(func() { assert.NoError(t, call(t.Context(), p, answer)) })
			}
			wg.Wait()
			return time.Since(begin)
		}
		send(200)
		assert.InDelta(t, 40, p.Stats()[0].LearnedQuota.N, 1)
		limit = 100
		send(300)
		assert.Zero(t, p.Stats()[0].LearnedQuota.N, "the documented quota is the only one again")
		assert.Less(t, send(300), 4*time.Minute)
	})
}

// Time in which nobody wanted to send is no sign of how long a server's window
// is: two stray refusals around an idle hour must not teach a quota by the hour.
func TestPacerLearnsNothingFromIdleTime(t *testing.T) {
	for _, idle := range []time.Duration{time.Minute, 6 * time.Minute, time.Hour, 8 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			p := newPacer(t, backoff.PacerConfig{})
			for range 5 {
				require.NoError(t, call(t.Context(), p, ok))
			}
			turn := p.Ticket("POST")
			require.NoError(t, turn.Wait(t.Context(), 0))
			turn.Done(429, 0) // and the caller gives up

			time.Sleep(idle)
			for range 8 {
				require.NoError(t, call(t.Context(), p, ok))
			}
			refused := false
			start := time.Now()
			for range 20 {
				require.NoError(t, call(t.Context(), p, func() (int, time.Duration) {
					if !refused {
						refused = true
						return 429, 0
					}
					return 200, 0
				}))
			}
			assert.Less(t, time.Since(start), 10*time.Second, "after %v", idle)
		})
	}
}

// Where nothing is documented, few are under way until there is a refusal or there have
// been many requests, and a server that names no time is asked few times a minute.
func TestPacerLimitsInFlightWithoutQuotas(t *testing.T) {
	under := func(t *testing.T, p *backoff.QuotaPacer) (n int) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wg sync.WaitGroup
		defer wg.Wait()
		for range 20 {
			wg.Go(func() {
				turn := p.Ticket("GET")
				if turn.Wait(ctx, 0) == nil {
					<-ctx.Done()
					turn.Done(200, 0)
				}
			})
		}
		synctest.Wait()
		n = p.Stats()[0].InFlight
		cancel()
		return n
	}
	synctest.Test(t, func(t *testing.T) {
		assert.Equal(t, 6, under(t, newPacer(t, backoff.PacerConfig{})))
		assert.Equal(t, 6, under(t, newPacer(t, backoff.PacerConfig{MaxInFlight: 16})))
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
		begin, refused := time.Now(), 0
		require.NoError(t, call(t.Context(), p, func() (int, time.Duration) {
			if time.Since(begin) < time.Minute {
				refused++
				return 429, 0
			}
			return 200, 0
		}))
		assert.Equal(t, 5, refused, "at first, and after 1, 5, 15 and 45 seconds")
		assert.Less(t, time.Since(begin), 62*time.Second)
	})
}
