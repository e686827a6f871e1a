package upsert_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/upsert"
)

func TestAllCancelsUpsertsWhenTheLoopIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started, cancelled, closed int32
		users := func(yield func(int) bool) {
			defer atomic.AddInt32(&closed, 1)
			for i := 0; yield(i); i++ {
			}
		}
		for item := range upsert.All(t.Context(), users, func(ctx context.Context, n int) (result, error) {
			atomic.AddInt32(&started, 1)
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
		assert.EqualValues(t, 5, started, "four workers, and one more after the yielded user")
		assert.EqualValues(t, 4, cancelled)
		assert.EqualValues(t, 1, closed)
	})
}

func TestAllYieldsCancelledUpserts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		var started, ok, failed int32
		var incomplete *upsert.IncompleteError
		users := func(yield func(string) bool) {
			for range 1000 {
				if !yield("same") || !yield("") {
					return
				}
			}
		}
		for item := range upsert.All(ctx, users, func(ctx context.Context, _ string) (result, error) {
			atomic.AddInt32(&started, 1)
			return result{}, wait(ctx, time.Second)
		}, upsert.WithWorkers(3), upsert.WithKey(func(s string) string { return s })) {
			if item.Err == nil {
				ok++
				continue
			}
			assert.ErrorIs(t, item.Err, context.DeadlineExceeded)
			if !errors.As(item.Err, &incomplete) {
				failed++
			}
		}
		require.NotNil(t, incomplete)
		assert.Positive(t, ok)
		assert.Positive(t, failed)
		assert.Equal(t, started, ok+failed, "each started upsert is yielded")
	})
}

func TestAllStartsNothingWhenContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	items := 0
	for item := range upsert.All(ctx, count(9), func(context.Context, int) (result, error) {
		panic("started")
	}) {
		items++
		assert.EqualError(t, item.Err, "upsert: run incomplete: at least 9 users not sent: context canceled")
	}
	assert.Equal(t, 1, items)
}

func TestAllContinuesPanicsInTheLoop(t *testing.T) {
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
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer func() {
					p, ok := recover().(*upsert.Panic)
					require.True(t, ok)
					assert.ErrorIs(t, p, cause)
					assert.Contains(t, p.Error(), "all_ending_test.go")
				}()
				for range all(t.Context()) {
				}
				t.Error("no panic")
			})
		})
	}
}

func TestAllContinuesGoexitInTheLoop(t *testing.T) {
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
