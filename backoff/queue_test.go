package backoff_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// A call is overtaken only while an attempt of it is in flight that will be rejected: by at most
// as many calls as are in flight.
func TestPacerFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 20, Per: time.Second}))
		server := map[int]int{} // attempts
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		for i := range 400 {
			wg.Go(func() {
				ticket := p.Ticket("POST")
				for {
					assert.NoError(t, ticket.Wait(t.Context(), 0))
					mu.Lock()
					order = append(order, i)
					server[i]++
					status := 200
					if server[i] < 4 && random.IntN(10) == 0 {
						status = 429
					}
					mu.Unlock()
					time.Sleep(rtt)
					ticket.Done(status, 0)
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
			assert.LessOrEqual(t, overtaken, backoff.DefaultMaxInFlight*server[i], "request %d", i)
		}
	})
}

func TestPacerRejectsDeadlineByQueuePosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: time.Second}, backoff.Quota{N: 30, Per: time.Minute}))
		var wg sync.WaitGroup
		queue := func(n int) {
			for range n {
				wg.Go(func() { assert.NoError(t, call(t.Context(), p, ok)) })
			}
			synctest.Wait()
		}
		queue(46) // positions 0 to 45 are sent until 60 + 15 s

		ctx, cancel := context.WithTimeout(t.Context(), 70*time.Second)
		defer cancel()
		begin := time.Now()
		err := p.Ticket("POST").Wait(ctx, 0)
		var wait *backoff.WaitError
		require.ErrorAs(t, err, &wait)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 76*time.Second, wait.MinWait)
		assert.Zero(t, time.Since(begin), "the error is immediate")

		err = p.Ticket("POST").Wait(t.Context(), 70*time.Second)
		require.ErrorAs(t, err, &wait)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "the limit is not that of the context")

		ctx, cancel = context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		assert.NoError(t, call(ctx, p, ok), "a request that can be sent in time is sent")
		wg.Wait()
	})
}

func TestPacerRejectedDeadlineDoesNotDelayOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: 10 * time.Second}))
		require.NoError(t, call(t.Context(), p, ok))
		begin := time.Now()
		errs := make(chan error, 1)
		go func() { // its deadline fits its position, until a 429 closes the gate
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
		assert.Less(t, time.Since(begin), 21*time.Second, "rejected when the gate closed")
		assert.Less(t, <-late, 40*time.Second)
	})
}

func TestPacerGateRejectsQueuedCallsPastTheirDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{MaxInFlight: 1})
		first := p.Ticket("GET")
		require.NoError(t, first.Wait(t.Context(), 0))
		errs := make(chan error, 2)
		for _, limit := range []time.Duration{30 * time.Second, 90 * time.Second} {
			go func() { errs <- p.Ticket("GET").Wait(t.Context(), limit) }()
			synctest.Wait()
		}
		begin := time.Now()
		first.Done(429, time.Minute)
		var wait *backoff.WaitError
		require.ErrorAs(t, <-errs, &wait)
		assert.Zero(t, time.Since(begin))
		assert.GreaterOrEqual(t, wait.MinWait, time.Minute)
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
		go func() { errs <- p.Ticket("POST").Wait(ctx, 0) }()
		synctest.Wait()
		done := make(chan struct{})
		go func() {
			defer close(done)
			assert.NoError(t, call(t.Context(), p, ok))
		}()
		synctest.Wait()
		assert.Equal(t, 2, p.Stats()[0].Queued)
		cancel(errors.New("cancelled by the test"))
		assert.ErrorIs(t, <-errs, context.Canceled)
		assert.Zero(t, time.Since(begin))
		<-done
		assert.Less(t, time.Since(begin), 11*time.Second, "the next call takes its position")
		assert.ErrorIs(t, p.Ticket("POST").Wait(ctx, 0), context.Canceled)
	})
}

// A request that is sent and cancelled at the same moment must not occupy a slot for ever.
func TestPacerCancelRace(t *testing.T) {
	p := newPacer(t, backoff.PacerConfig{MaxInFlight: 2})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for n := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+n)%3 == 0 {
					go cancel()
				}
				ticket := p.Ticket("GET")
				if ticket.Wait(ctx, 0) == nil {
					ticket.Done(200, 0)
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
