package upsert_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/upsert"
)

// With random keys, durations and numbers of workers, users with equal keys are never
// in flight together and keep their order, and each user is yielded once.
func TestWithKeyKeepsTheOrderOfEqualKeys(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			type user struct {
				n    int
				key  string
				cost time.Duration
			}
			keys, workers := 1+random.IntN(12), 1+random.IntN(8)
			users := make([]user, random.IntN(150))
			for i := range users {
				users[i] = user{i, "", time.Duration(random.IntN(50)) * time.Millisecond}
				if k := random.IntN(keys + 1); k > 0 {
					users[i].key = fmt.Sprint(k)
				}
			}
			var mu sync.Mutex
			busy, last, running := map[string]bool{}, map[string]int{}, 0
			seen, out := 0, map[string]int{}
			for item := range upsert.All(t.Context(), slices.Values(users), func(ctx context.Context, u user) (result, error) {
				mu.Lock()
				assert.False(t, u.key != "" && busy[u.key], "seed %d: %d in flight twice", seed, u.n)
				assert.True(t, u.key == "" || last[u.key] <= u.n, "seed %d: %d out of order", seed, u.n)
				busy[u.key], last[u.key] = true, u.n
				running++
				assert.LessOrEqual(t, running, workers)
				mu.Unlock()
				err := wait(ctx, u.cost)
				mu.Lock()
				defer mu.Unlock()
				busy[u.key] = false
				running--
				return result{}, err
			}, upsert.WithWorkers(workers), upsert.WithKey(func(u user) string { return u.key })) {
				assert.NoError(t, item.Err)
				if key := item.User.key; key != "" {
					assert.LessOrEqual(t, out[key], item.Index)
					out[key] = item.Index
				}
				seen++
			}
			assert.Equal(t, len(users), seen, "seed %d", seed)
		})
	}
}

// Other users are upserted while a user waits, but no more than may wait are read.
func TestWithKeyLimitsWaitingUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read, started int32
		users := func(yield func(string) bool) {
			for i := range 40 {
				atomic.AddInt32(&read, 1)
				key := "same"
				if i%2 == 1 {
					key = ""
				}
				if !yield(key) {
					return
				}
			}
		}
		total := 0
		for range upsert.All(t.Context(), users, func(ctx context.Context, key string) (result, error) {
			if atomic.AddInt32(&started, 1) == 3 {
				assert.LessOrEqual(t, atomic.LoadInt32(&read), int32(8))
			}
			if key == "same" {
				return result{}, wait(ctx, time.Minute)
			}
			return result{}, wait(ctx, time.Hour)
		}, upsert.WithWorkers(4), upsert.WithKey(func(s string) string { return s })) {
			total++
			assert.LessOrEqual(t, int(atomic.LoadInt32(&read))-total, 8)
		}
		assert.Equal(t, 40, total)
	})
}
