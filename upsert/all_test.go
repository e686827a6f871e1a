package upsert_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

func TestAllHandsOutEveryUserByCompletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		start := time.Now()
		var order []int
		for item := range upsert.All(t.Context(), count(20), func(ctx context.Context, n int) (result, error) {
			if n == 3 {
				return result{}, refused
			}
			return result{ID: int64(n), Outcome: upsert.Created}, wait(ctx, time.Duration(100-n)*time.Millisecond)
		}, upsert.WithWorkers(20)) {
			order = append(order, item.Index)
			assert.Equal(t, item.Index, item.User)
			if item.Index == 3 {
				assert.ErrorIs(t, item.Err, refused)
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

func TestAllDefaultWorkersAndLaziness(t *testing.T) {
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
			time.Sleep(time.Minute) // fake time: a slow loop holds the workers back
			taken++
			assert.LessOrEqual(t, atomic.LoadInt32(&read), taken+8)
		}
		assert.EqualValues(t, 100, taken)
		assert.EqualValues(t, 8, most)
	})
}

func TestAllLeavingTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, cancelled, closed int32
		users := func(yield func(int) bool) {
			defer atomic.AddInt32(&closed, 1)
			for i := 0; yield(i); i++ {
			}
		}
		for item := range upsert.All(t.Context(), users, func(ctx context.Context, n int) (result, error) {
			atomic.AddInt32(&begun, 1)
			if n == 0 {
				return result{}, wait(ctx, time.Second)
			}
			err := wait(ctx, time.Hour)
			if err != nil {
				atomic.AddInt32(&cancelled, 1)
			}
			return result{}, err
		}, upsert.WithWorkers(4)) {
			assert.Equal(t, 0, item.Index)
			synctest.Wait()
			break
		}
		assert.EqualValues(t, 5, begun, "four, and one for the one handed out")
		assert.EqualValues(t, 4, cancelled)
		assert.EqualValues(t, 1, closed)
	})
}

func TestAllCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		var begun, ok, failed int32
		users := func(yield func(string) bool) {
			for yield("same") && yield("") {
			}
		}
		for item := range upsert.All(ctx, users, func(ctx context.Context, _ string) (result, error) {
			atomic.AddInt32(&begun, 1)
			return result{}, wait(ctx, time.Second)
		}, upsert.WithWorkers(3), upsert.WithKey(func(s string) string { return s })) {
			if item.Err == nil {
				ok++
				continue
			}
			assert.ErrorIs(t, item.Err, context.DeadlineExceeded)
			failed++
		}
		assert.Positive(t, ok)
		assert.Positive(t, failed)
		assert.Equal(t, begun, ok+failed, "what began is handed out")
	})
}

func TestAllWithEndedContextBeginsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range upsert.All(ctx, count(9), func(context.Context, int) (result, error) {
		panic("begun")
	}) {
		t.Error("item")
	}
}

func TestAllPanics(t *testing.T) {
	cause := errors.New("cause")
	good := func(context.Context, int) (result, error) { return result{}, nil }
	type seq = iter.Seq[upsert.Item[int, result]]
	for name, all := range map[string]func(context.Context) seq{
		"do": func(ctx context.Context) seq {
			return upsert.All(ctx, count(100), func(_ context.Context, n int) (result, error) {
				if n == 5 {
					panic(cause)
				}
				return result{}, nil
			})
		},
		"users": func(ctx context.Context) seq {
			return upsert.All(ctx, func(yield func(int) bool) {
				yield(1)
				panic(cause)
			}, good)
		},
		"key": func(ctx context.Context) seq {
			return upsert.All(ctx, count(1), good, upsert.WithKey(func(int) string { panic(cause) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer func() {
					p, ok := recover().(*upsert.Panic)
					require.True(t, ok)
					assert.ErrorIs(t, p, cause)
					assert.Contains(t, p.Error(), "all_test.go")
				}()
				for range all(t.Context()) {
				}
				t.Error("no panic")
			})
		})
	}
}

func TestAllGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan bool)
		go func() {
			returned := false
			defer func() { left <- returned }()
			for range upsert.All(t.Context(), count(9), func(context.Context, int) (result, error) {
				runtime.Goexit()
				return result{}, nil
			}) {
			}
			returned = true
		}()
		assert.False(t, <-left)
	})
}

func TestAllBadOptions(t *testing.T) {
	do := func(context.Context, int) (result, error) { return result{}, nil }
	assert.PanicsWithValue(t, "upsert: WithWorkers(0): at least 1 is needed", func() { upsert.WithWorkers(0) })
	assert.PanicsWithValue(t, "upsert: WithKey needs a function", func() { upsert.WithKey[int](nil) })
	assert.PanicsWithValue(t, "upsert: WithJournal needs a journal", func() { upsert.WithJournal(nil) })
	assert.PanicsWithValue(t, "upsert: WithKey was given a func(string) string, the users need a func(int) string", func() {
		upsert.All(t.Context(), count(1), do, upsert.WithKey(strings.ToLower))
	})
	assert.Panics(t, func() { upsert.All(t.Context(), nil, do) })
}

// Equal keys are never in flight together and keep their order, whatever the
// mix of keys, durations and workers; everything is handed out once.
func TestKeyOrderProperty(t *testing.T) {
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

// A user that must wait is passed by others, but not by more than there is room for.
func TestKeyLookAheadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read, begun int32
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
			if atomic.AddInt32(&begun, 1) == 3 {
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

// A million users take no more memory than the workers hold.
func TestAllConstantMemory(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const n = 1_000_000
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

// The loop All replaces: a channel of users, as many goroutines, a channel of results.
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
