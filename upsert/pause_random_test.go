package upsert_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/upsert"
)

// Runs with random outages, workers, keys and cancellations: each user is upserted once
// at most, and each is yielded or counted as not sent.
func TestAllWithRandomOutages(t *testing.T) {
	for seed := range uint64(500) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			n, keys := 1+random.IntN(200), 1+random.IntN(50)
			var outages []func(int, time.Duration) error
			for range 1 + random.IntN(3) {
				from := time.Duration(random.IntN(3000)) * time.Millisecond
				outages = append(outages, between(from, from+time.Duration(random.IntN(300))*time.Second, unavailable))
			}
			s := newService(func(n int, at time.Duration) error {
				for _, fail := range outages {
					if err := fail(n, at); err != nil {
						return err
					}
				}
				return nil
			})
			opts := []upsert.Option{upsert.WithWorkers(1 + random.IntN(10))}
			if random.IntN(2) == 0 {
				opts = append(opts, upsert.WithKey(func(n int) string { return fmt.Sprint(n % keys) }))
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if random.IntN(4) == 0 {
				time.AfterFunc(time.Duration(random.IntN(200))*time.Second, cancel)
			}

			o := s.runCtx(t, ctx, n, opts...)
			total := o.done + o.failed
			if o.incomplete != nil {
				total += o.incomplete.NotSent
			}
			assert.Equal(t, n, total, "seed %d: %+v", seed, o)
			for user, times := range s.done {
				assert.Equal(t, 1, times, "seed %d: user %d", seed, user)
			}
			assert.Zero(t, o.failed, "seed %d", seed)
		})
	}
}

// An outage that begins while the last users are in flight looks like a user that always
// fails if only one is left.
func TestAllWaitsForAnOutageThatBeginsWithTheLastUsers(t *testing.T) {
	onlyOneLeft := 0
	for _, workers := range []int{1, 2, 8} {
		for _, outage := range []time.Duration{time.Second, time.Minute, 10 * time.Minute} {
			for seed := range uint64(50) {
				synctest.Test(t, func(t *testing.T) {
					random := rand.New(rand.NewPCG(seed, 8))
					n, latencies := 8+random.IntN(40), make([]time.Duration, 48)
					for i := range latencies {
						latencies[i] = time.Duration(1+random.IntN(200)) * time.Millisecond
					}
					from := time.Duration(n)*latency/time.Duration(workers) - time.Duration(random.IntN(250)-50)*time.Millisecond
					s := newService(between(from, from+outage, unavailable))
					failed, done, hit := 0, 0, map[int]bool{}
					for item := range upsert.All(t.Context(), count(n), func(ctx context.Context, n int) (result, error) {
						if err := wait(ctx, latencies[n]); err != nil {
							return result{}, err
						}
						err := s.fail(n, s.took()) // the response is lost
						if err != nil {
							s.mu.Lock()
							defer s.mu.Unlock()
							hit[n] = true
						}
						return result{}, err
					}, upsert.WithWorkers(workers)) {
						if item.Err != nil {
							failed++
						} else {
							done++
						}
					}
					assert.Zero(t, failed)
					assert.Equal(t, n, done)
					if len(hit) == 1 {
						onlyOneLeft++
					}
				})
			}
		}
	}
	assert.Positive(t, onlyOneLeft)
}
