package upsert_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/upsert"
)

type result = upsert.Result[int64]

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAllYieldsResultsInCompletionOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := errors.New("email is taken")
		start := time.Now()
		var order []int
		for item := range upsert.All(t.Context(), count(20), func(ctx context.Context, n int) (result, error) {
			if n == 3 {
				return result{}, taken
			}
			return result{ID: int64(n), Outcome: upsert.Created}, wait(ctx, time.Duration(100-n)*time.Millisecond)
		}, upsert.WithWorkers(20)) {
			order = append(order, item.Index)
			assert.Equal(t, item.Index, item.User)
			if item.Index == 3 {
				assert.ErrorIs(t, item.Err, taken)
				continue
			}
			assert.NoError(t, item.Err)
			assert.Equal(t, result{int64(item.User), upsert.Created}, item.Result)
		}
		want := []int{3}
		for n := 19; n >= 0; n-- {
			if n != 3 {
				want = append(want, n)
			}
		}
		assert.Equal(t, want, order)
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
	})
}

func TestAllReadsUsersWhenWorkersAreFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read, running, most int32
		var mu sync.Mutex
		users := func(yield func(int) bool) {
			for i := range 100 {
				atomic.AddInt32(&read, 1)
				if !yield(i) {
					return
				}
			}
		}
		taken := int32(0)
		for range upsert.All(t.Context(), users, func(ctx context.Context, _ int) (result, error) {
			now := atomic.AddInt32(&running, 1)
			defer atomic.AddInt32(&running, -1)
			mu.Lock()
			most = max(most, now)
			mu.Unlock()
			return result{}, wait(ctx, time.Second)
		}) {
			time.Sleep(time.Minute) // virtual time: a slow loop delays the workers
			taken++
			assert.LessOrEqual(t, atomic.LoadInt32(&read), taken+8+1, "one in advance")
		}
		assert.EqualValues(t, 100, taken)
		assert.EqualValues(t, 8, most)
	})
}

func TestAllPanicsWhenAnOptionIsInvalid(t *testing.T) {
	do := func(context.Context, int) (result, error) { return result{}, nil }
	var noContext context.Context
	assert.PanicsWithValue(t, "upsert: WithWorkers(0): must be at least 1", func() { upsert.WithWorkers(0) })
	assert.PanicsWithValue(t, "upsert: WithKey needs a function", func() { upsert.WithKey[int](nil) })
	assert.PanicsWithValue(t, "upsert: WithMaxOutage(0s): must be positive", func() { upsert.WithMaxOutage(0) })
	assert.PanicsWithValue(t, "upsert: WithStop needs a context", func() { upsert.WithStop(noContext) })
	assert.PanicsWithValue(t, "upsert: WithLogger needs a logger", func() { upsert.WithLogger(nil) })
	assert.PanicsWithValue(t, "upsert: WithJournal needs a journal", func() { upsert.WithJournal(nil) })
	assert.PanicsWithValue(t, "upsert: WithKey got a func(string) string, the users need a func(int) string", func() {
		upsert.All(t.Context(), count(1), do, upsert.WithKey(strings.ToLower))
	})
	assert.Panics(t, func() { upsert.All(t.Context(), nil, do) })
}

// Many users need no more memory than a few.
func TestAllUsesConstantMemory(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const n = 200_000
	before, most, seen := heap(), uint64(0), 0
	for range upsert.All(t.Context(), count(n), func(context.Context, int) (result, error) {
		return result{}, nil
	}, upsert.WithKey(func(n int) string { return fmt.Sprint(n / 2) })) {
		if seen++; seen%(n/4) == 0 {
			most = max(most, heap())
		}
	}
	assert.Equal(t, n, seen)
	assert.Less(t, int64(most)-int64(before), int64(1<<20))
}

func nothing(context.Context, int) (result, error) {
	return result{ID: 7, Outcome: upsert.Updated}, nil
}

func BenchmarkAll(b *testing.B) {
	b.ReportAllocs()
	for range upsert.All(b.Context(), count(b.N), nothing) {
	}
}

func BenchmarkAllWithKey(b *testing.B) {
	b.ReportAllocs()
	for range upsert.All(b.Context(), count(b.N), nothing, upsert.WithKey(func(int) string { return "" })) {
	}
}

// The loop that All replaces: a channel of users, 8 goroutines, a channel of results.
func BenchmarkPlainWorkers(b *testing.B) {
	b.ReportAllocs()
	in, out := make(chan int), make(chan upsert.Item[int, result])
	var working sync.WaitGroup
	for range 8 {
		working.Go(func() {
			for n := range in {
				r, err := nothing(b.Context(), n)
				out <- upsert.Item[int, result]{Index: n, User: n, Result: r, Err: err}
			}
		})
	}
	go func() {
		for n := range b.N {
			in <- n
		}
		close(in)
		working.Wait()
		close(out)
	}()
	for range out {
	}
}
