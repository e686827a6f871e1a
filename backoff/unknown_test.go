package backoff_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// fixedWindow accepts n requests per period, counted from the first one.
type fixedWindow struct {
	mu       sync.Mutex
	n        int
	per      time.Duration
	start    time.Time
	used     int
	rejected int
}

func (w *fixedWindow) allow() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.start) >= w.per {
		w.start, w.used = time.Now(), 0
	}
	if w.used == w.n {
		w.rejected++
		return false
	}
	w.used++
	return true
}

// left returns the rest of the period.
func (w *fixedWindow) left() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Until(w.start.Add(w.per))
}

// sendAll sends users through 16 goroutines and returns how long that took.
func sendAll(t *testing.T, p backoff.Pacer, users int, respond func() (int, time.Duration)) time.Duration {
	t.Helper()
	start := time.Now()
	jobs := make(chan struct{}, users)
	for range users {
		jobs <- struct{}{}
	}
	close(jobs)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range jobs {
				assert.NoError(t, call(t.Context(), p, respond))
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// A probe waits for the requests sent after the gate closed, not for an earlier slow one.
func TestPacerProbeDoesNotWaitForSlowRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{})
		slow := p.Ticket("GET")
		require.NoError(t, slow.Wait(t.Context(), 0))
		limited := p.Ticket("GET")
		require.NoError(t, limited.Wait(t.Context(), 0))
		time.Sleep(rtt)
		limited.Done(429, time.Second)
		start := time.Now()
		require.NoError(t, limited.Wait(t.Context(), 0))
		time.Sleep(rtt)
		limited.Done(200, 0)
		require.NoError(t, call(t.Context(), p, ok))
		assert.Less(t, time.Since(start), 2*time.Second)
		slow.Done(200, 0)
	})
}

// A constant Retry-After that is far too long is respected, but does not become the interval.
func TestPacerFindsRateBehindTooLongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fixedWindow{n: 5, per: 500 * time.Millisecond}
		p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(1, 2)})
		took := sendAll(t, p, 1000, func() (int, time.Duration) {
			if w.allow() {
				return 200, 0
			}
			return 429, 10 * time.Second
		})
		assert.Less(t, took, 6*time.Minute, "100 s at best")
	})
}

// Limits slower than one request per second are learned and kept.
func TestPacerLearnsSlowLimit(t *testing.T) {
	for _, c := range []struct {
		n   int
		per time.Duration
	}{{1, 3 * time.Second}, {2, 5 * time.Second}, {1, 7 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			w := &fixedWindow{n: c.n, per: c.per}
			p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(1, 2)})
			took := sendAll(t, p, 200, func() (int, time.Duration) {
				if w.allow() {
					return 200, 0
				}
				return 429, 0
			})
			assert.Less(t, took, time.Duration(200/c.n)*c.per*120/100, "%d per %v", c.n, c.per)
			assert.LessOrEqual(t, w.rejected, 30, "%d per %v", c.n, c.per)
		})
	}
}

// A learned window that is larger than the request log is enforced.
func TestPacerEnforcesLearnedWindowLargerThanLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fixedWindow{n: 5000, per: time.Hour}
		p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(1, 2)})
		took := sendAll(t, p, 20_000, func() (int, time.Duration) {
			if w.allow() {
				return 200, 0
			}
			return 429, 0
		})
		assert.Less(t, took, 4*time.Hour)
		assert.LessOrEqual(t, w.rejected, 40)
	})
}

// A throttle that responds 503 loses no user, with and without Retry-After.
func TestPacerHandles503LikeRateLimit(t *testing.T) {
	for _, retryAfter := range []bool{false, true} {
		for _, w := range []*fixedWindow{{n: 5, per: time.Second}, {n: 60, per: time.Minute}} {
			synctest.Test(t, func(t *testing.T) {
				p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(1, 2)})
				took := sendAll(t, p, 300, func() (int, time.Duration) {
					switch {
					case w.allow():
						return 200, 0
					case retryAfter:
						return 503, w.left().Round(time.Second)
					}
					return 503, 0
				})
				assert.Less(t, took, time.Duration(300/w.n)*w.per*140/100)
				assert.Zero(t, p.Stats()[0].RateLimited, "503s are not counted as 429s")
			})
		}
	}
}

// An outage teaches no limit.
func TestPacerLearnsNothingFromOutage(t *testing.T) {
	for _, retryAfter := range []time.Duration{0, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := newPacer(t, backoff.PacerConfig{})
			start := time.Now()
			respond := func() (int, time.Duration) {
				if since := time.Since(start); since > time.Minute && since < 11*time.Minute {
					return 503, retryAfter
				}
				return 200, 0
			}
			for time.Since(start) < 12*time.Minute {
				require.NoError(t, call(t.Context(), p, respond))
			}
			s := p.Stats()[0]
			assert.Zero(t, s.LearnedQuota)
			assert.Zero(t, s.LearnedInterval)
		})
	}
}

// A server that queues requests before it counts them does not receive more than documented.
func TestPacerStaysWithinQuotaOfQueueingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		w := &fixedWindow{n: 30, per: time.Minute}
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: time.Second}, backoff.Quota{N: 30, Per: time.Minute}))
		var mu sync.Mutex
		sendAll(t, p, 120, func() (int, time.Duration) {
			mu.Lock()
			delay := time.Duration(0)
			if random.IntN(10) == 0 {
				delay = time.Duration(random.Int64N(int64(900 * time.Millisecond)))
			}
			mu.Unlock()
			time.Sleep(delay)
			if w.allow() {
				return 200, 0
			}
			return 429, 0
		})
		assert.Zero(t, w.rejected)
		assert.Zero(t, p.Stats()[0].LearnedInterval)
	})
}

func TestPacerFreesSlotWhenObserverPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := true
		config := quotas(backoff.Quota{N: 1, Per: time.Second})
		config.MaxInFlight = 1
		config.Observe = func(backoff.Event) {
			if panics {
				panic("observer")
			}
		}
		p := newPacer(t, config)
		require.NoError(t, call(t.Context(), p, ok), "the first call does not wait")
		assert.Panics(t, func() { _ = p.Ticket("POST").Wait(t.Context(), 0) })
		assert.Zero(t, p.Stats()[0].InFlight)

		limited := p.Ticket("POST")
		panics = false
		require.NoError(t, limited.Wait(t.Context(), 0))
		panics = true
		assert.Panics(t, func() { limited.Done(429, time.Second) })
		assert.Zero(t, p.Stats()[0].InFlight)
		panics = false
		require.NoError(t, call(t.Context(), p, ok), "the pacer stays usable")
	})
}
