package backoff_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

const trip = 100 * time.Millisecond

func newPacer(t testing.TB, config backoff.PacerConfig) *backoff.QuotaPacer {
	t.Helper()
	p, err := backoff.NewPacer(config)
	require.NoError(t, err)
	return p
}

func quotas(q ...backoff.Quota) backoff.PacerConfig {
	return backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Quotas: q}}}
}

// call sends one request that the server answers after a round trip, until it is
// not refused.
func call(ctx context.Context, p backoff.Pacer, answer func() (int, time.Duration)) error {
	turn := p.Turn("POST")
	for {
		if err := turn.Wait(ctx, 0); err != nil {
			return err
		}
		time.Sleep(trip / 2)
		status, wish := answer()
		time.Sleep(trip / 2)
		turn.Done(status, wish)
		if status != 429 {
			return nil
		}
	}
}

func ok() (int, time.Duration) { return 200, 0 }

func TestPacerKeepsEveryQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 2, Per: time.Second}, backoff.Quota{N: 5, Per: time.Minute}))
		var mu sync.Mutex
		var seen []time.Time
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				assert.NoError(t, call(t.Context(), p, func() (int, time.Duration) {
					mu.Lock()
					defer mu.Unlock()
					seen = append(seen, time.Now())
					return 200, 0
				}))
			})
		}
		begin := time.Now()
		wg.Wait()
		for i := range seen {
			if i >= 2 {
				assert.GreaterOrEqual(t, seen[i].Sub(seen[i-2]), time.Second, "request %d", i)
			}
			if i >= 5 {
				assert.GreaterOrEqual(t, seen[i].Sub(seen[i-5]), time.Minute, "request %d", i)
			}
		}
		assert.Less(t, time.Since(begin), 122*time.Second)
	})
}

func TestPacerClassesDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{Quotas: []backoff.QuotaSet{
			{Methods: []string{"GET", "HEAD"}, Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}},
			{Methods: []string{"POST"}, Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}},
		}})
		begin := time.Now()
		for _, method := range []string{"GET", "POST", "DELETE", "DELETE"} {
			turn := p.Turn(method)
			require.NoError(t, turn.Wait(t.Context(), 0))
			turn.Done(200, 0)
		}
		assert.Zero(t, time.Since(begin))
		for _, method := range []string{"HEAD", "GET", "POST", ""} {
			err := p.Turn(method).Wait(t.Context(), time.Minute)
			var wait *backoff.WaitError
			require.ErrorAs(t, err, &wait, method)
			assert.Equal(t, time.Hour, wait.Needed.Round(time.Second))
		}
	})
}

func TestPacerFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 20, Per: time.Second}))
		server := map[int]int{}
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		for i := range 400 {
			wg.Go(func() {
				turn := p.Turn("POST")
				for {
					assert.NoError(t, turn.Wait(t.Context(), 0))
					mu.Lock()
					order = append(order, i)
					server[i]++
					status := 200
					if server[i] < 4 && random.IntN(10) == 0 {
						status = 429
					}
					delay := trip/2 + time.Duration(random.Int64N(int64(trip)))
					mu.Unlock()
					time.Sleep(delay)
					turn.Done(status, 0)
					if status == 200 {
						return
					}
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		last := map[int]int{}
		for at, i := range order {
			last[i] = at
		}
		for i := range 400 {
			overtaken := 0
			for j := i + 1; j < 400; j++ {
				if last[j] < last[i] {
					overtaken++
				}
			}
			assert.LessOrEqual(t, overtaken, 8, "request %d", i)
		}
	})
}

func TestPacerGateAndProbe(t *testing.T) {
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
					if n >= 3 && n <= 9 {
						return 429, 10 * time.Second
					}
					time.Sleep(time.Millisecond) // the refusals are known first
					return 200, 0
				}))
			})
		}
		wg.Wait()
		// 2 pass and 6 are refused, which is one event; a refused probe; a good one.
		require.Len(t, seen, 12+7)
		assert.GreaterOrEqual(t, seen[8]-seen[7], 10*time.Second)
		assert.GreaterOrEqual(t, seen[9]-seen[8], 10*time.Second)
		assert.GreaterOrEqual(t, seen[10]-seen[9], trip, "the others wait for the probe")
		assert.Less(t, seen[18], 25*time.Second)
	})
}

func TestPacerHonoursTheLongestWishOfOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{})
		a, b := p.Turn("GET"), p.Turn("GET")
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

func TestPacerDeadlineByPlaceInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: time.Second}, backoff.Quota{N: 30, Per: time.Minute}))
		var wg sync.WaitGroup
		queue := func(n int) {
			for range n {
				wg.Go(func() { assert.NoError(t, call(t.Context(), p, ok)) })
			}
			synctest.Wait()
		}
		queue(46) // places 0 to 45 leave until 60 + 15 s

		ctx, cancel := context.WithTimeout(t.Context(), 70*time.Second)
		defer cancel()
		begin := time.Now()
		err := p.Turn("POST").Wait(ctx, 0)
		var wait *backoff.WaitError
		require.ErrorAs(t, err, &wait)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 76*time.Second, wait.Needed)
		assert.Zero(t, time.Since(begin), "told at once")

		err = p.Turn("POST").Wait(t.Context(), 70*time.Second)
		require.ErrorAs(t, err, &wait)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "the limit is not the context's")

		ctx, cancel = context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		assert.NoError(t, call(ctx, p, ok), "one that can leave in time does")
		wg.Wait()
	})
}

func TestPacerRefusedDeadlineDoesNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: 10 * time.Second}))
		require.NoError(t, call(t.Context(), p, ok))
		begin := time.Now()
		errs := make(chan error, 1)
		go func() { // has time for its place now, but not after a 429 closes the gate
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			_ = call(ctx, p, ok)
			errs <- call(ctx, p, func() (int, time.Duration) { return 429, time.Minute })
		}()
		time.Sleep(time.Second)
		late := make(chan time.Duration, 1)
		go func() {
			assert.NoError(t, call(t.Context(), p, ok))
			late <- time.Since(begin)
		}()
		err := <-errs
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, time.Since(begin), 21*time.Second, "told when the gate closed")
		assert.Less(t, <-late, 40*time.Second)
	})
}

func TestPacerGateTellsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{InFlight: 1})
		first := p.Turn("GET")
		require.NoError(t, first.Wait(t.Context(), 0))
		errs := make(chan error, 2)
		for _, limit := range []time.Duration{30 * time.Second, 90 * time.Second} {
			go func() { errs <- p.Turn("GET").Wait(t.Context(), limit) }()
			synctest.Wait()
		}
		begin := time.Now()
		first.Done(429, time.Minute)
		var wait *backoff.WaitError
		require.ErrorAs(t, <-errs, &wait)
		assert.Zero(t, time.Since(begin))
		assert.GreaterOrEqual(t, wait.Needed, time.Minute)
		require.NoError(t, <-errs)
	})
}

func TestPacerCancelWhileQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: 10 * time.Second}))
		require.NoError(t, call(t.Context(), p, ok))
		begin := time.Now()
		ctx, cancel := context.WithCancelCause(t.Context())
		errs := make(chan error, 1)
		go func() { errs <- p.Turn("POST").Wait(ctx, 0) }()
		synctest.Wait()
		done := make(chan struct{})
		go func() {
			defer close(done)
			assert.NoError(t, call(t.Context(), p, ok))
		}()
		synctest.Wait()
		assert.Equal(t, 2, p.Stats()[0].Queued)
		cancel(errors.New("enough"))
		assert.ErrorIs(t, <-errs, context.Canceled)
		assert.Zero(t, time.Since(begin))
		<-done
		assert.Less(t, time.Since(begin), 11*time.Second, "the next takes its place")
		assert.ErrorIs(t, p.Turn("POST").Wait(ctx, 0), context.Canceled)
	})
}

// Departure and cancellation at the same moment must not lose the place.
func TestPacerCancelRace(t *testing.T) {
	p := newPacer(t, backoff.PacerConfig{InFlight: 2})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for n := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+n)%3 == 0 {
					go cancel()
				}
				turn := p.Turn("GET")
				if turn.Wait(ctx, 0) == nil {
					turn.Done(200, 0)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	s := p.Stats()[0]
	assert.Zero(t, s.Queued)
	assert.Zero(t, s.InFlight)
}

func TestPacerCountsLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: time.Second}))
		a := p.Turn("POST")
		require.NoError(t, a.Wait(t.Context(), 0))
		b := p.Turn("POST")
		begin := time.Now()
		require.NoError(t, b.Wait(t.Context(), 0), "a request without an answer does not stop the others for ever")
		assert.InDelta(t, 3, time.Since(begin).Seconds(), 0.01, "2 s until it surely arrived, and its second")
		a.Done(0, 0)
		a.Done(0, 0) // once too often
		b.Done(0, 0)
		assert.Zero(t, p.Stats()[0].InFlight)
	})
}

func TestPacerStatsAndEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []backoff.Event
		config := quotas(backoff.Quota{N: 1, Per: time.Minute})
		config.Observe = func(e backoff.Event) { events = append(events, e) }
		p := newPacer(t, config)
		begin := time.Now()
		turn := p.Turn("POST")
		require.NoError(t, turn.Wait(t.Context(), 0))
		s := p.Stats()[0]
		assert.Equal(t, 1, s.InFlight)
		assert.EqualValues(t, 1, s.Sent)
		assert.True(t, s.Until.IsZero())
		turn.Done(429, 20*time.Second)
		require.Len(t, events, 1)
		assert.True(t, events[0].Refused)
		assert.Equal(t, 20*time.Second, events[0].RetryAfter)
		until := events[0].Until
		assert.WithinDuration(t, begin.Add(20*time.Second), until, time.Second)

		go func() {
			time.Sleep(time.Second)
			s := p.Stats()[0]
			assert.Equal(t, 1, s.Queued)
			assert.Equal(t, until, s.Until)
			assert.EqualValues(t, 1, s.Refused)
		}()
		require.NoError(t, turn.Wait(t.Context(), 0))
		turn.Done(200, 0)
		require.Len(t, events, 2)
		assert.False(t, events[1].Refused)
		assert.Equal(t, until.Sub(begin), events[1].Waited)
	})
}

func TestPacerFindsTheRhythm(t *testing.T) {
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
		learned := p.Stats()[0].Learned
		assert.InDelta(t, 20, learned.N, 1)
		assert.InDelta(t, time.Minute, learned.Per, float64(4*time.Second))
	})
}

func TestPacerLearnedLimitCreepsBackUp(t *testing.T) {
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
		assert.InDelta(t, 40, p.Stats()[0].Learned.N, 1)
		limit = 100
		send(300)
		assert.Zero(t, p.Stats()[0].Learned.N, "the documented quota is the only one again")
		assert.Less(t, send(300), 4*time.Minute)
	})
}

func TestPacerShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quotas(backoff.Quota{N: 300, Per: time.Minute})
		config.Share = 4
		p := newPacer(t, config)
		assert.Equal(t, []backoff.Quota{{N: 75, Per: time.Minute}}, p.Stats()[0].Quotas)
	})
}

func TestPacerMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc + m.HeapObjects<<40
		}
		p := newPacer(t, quotas(backoff.Quota{N: 10_000, Per: time.Hour}))
		before := heap()
		for range 30_000 {
			require.NoError(t, call(t.Context(), p, ok))
		}
		after := heap()
		assert.Less(t, int64(after>>40)-int64(before>>40), int64(1000), "heap objects")
		assert.Less(t, int64(after&(1<<40-1))-int64(before&(1<<40-1)), int64(200_000), "bytes")
		runtime.KeepAlive(p)
	})
}

func TestPacerAllocations(t *testing.T) {
	p := newPacer(t, quotas(backoff.Quota{N: 1 << 20, Per: time.Hour}, backoff.Quota{N: 1 << 19, Per: time.Minute}))
	n := testing.AllocsPerRun(1000, func() {
		turn := p.Turn("POST")
		if turn.Wait(t.Context(), 5*time.Minute) == nil {
			turn.Done(200, 0)
		}
	})
	assert.LessOrEqual(t, n, 2.0)
}

func TestPacerConfigErrors(t *testing.T) {
	for _, test := range []struct {
		config backoff.PacerConfig
		want   string
	}{
		{quotas(backoff.Quota{N: 0, Per: time.Second}), "N is 0, want 1 to 1048576"},
		{quotas(backoff.Quota{N: 1}), "Per is 0s, want more than 0"},
		{quotas(backoff.Quota{N: 1, Per: time.Second}, backoff.Quota{N: 2, Per: time.Second}), "two quotas per 1s"},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{}, {}}}, "at most one for the rest"},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Methods: []string{"GET"}}, {Methods: []string{"GET"}}}}, "GET belongs to two"},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Methods: []string{"get"}}}}, `"get"`},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Methods: []string{"GET", "GET"}}}}, "GET is named twice"},
		{backoff.PacerConfig{Share: -1}, "Share is -1"},
		{backoff.PacerConfig{InFlight: -1}, "InFlight is -1"},
	} {
		_, err := backoff.NewPacer(test.config)
		assert.ErrorContains(t, err, test.want)
	}
}

func BenchmarkPacerUncontended(b *testing.B) {
	p := newPacer(b, quotas(backoff.Quota{N: 1 << 20, Per: time.Nanosecond}, backoff.Quota{N: 1 << 19, Per: time.Microsecond}))
	b.ReportAllocs()
	for b.Loop() {
		turn := p.Turn("POST")
		if turn.Wait(b.Context(), 5*time.Minute) == nil {
			turn.Done(200, 0)
		}
	}
}

func BenchmarkPacerContended(b *testing.B) {
	for _, goroutines := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprint(goroutines), func(b *testing.B) {
			p := newPacer(b, quotas(backoff.Quota{N: 1 << 20, Per: time.Nanosecond}))
			b.ReportAllocs()
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for range b.N / goroutines {
						turn := p.Turn("POST")
						if turn.Wait(b.Context(), 5*time.Minute) == nil {
							turn.Done(200, 0)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
