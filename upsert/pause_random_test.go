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
	onlyOneLeft := 0
	const seeds = 500
	for seed := range uint64(seeds) {
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
			// An outage that begins when one user is left looks like a user that always fails.
			assert.LessOrEqual(t, o.failed, 1, "seed %d", seed)
			onlyOneLeft += o.failed
		})
	}
	assert.LessOrEqual(t, onlyOneLeft, seeds/50)
}
