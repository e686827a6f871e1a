package resttest_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest/resttest"
)

func TestLimiter(t *testing.T) {
	second, minute := resttest.Window{Limit: 2, Every: time.Second}, resttest.Window{Limit: 5, Every: time.Minute}
	allowed := func(limit, remaining int) resttest.LimitResult {
		return resttest.LimitResult{Allowed: true, Limit: limit, Remaining: remaining}
	}
	rejected := func(limit int, wait time.Duration) resttest.LimitResult {
		return resttest.LimitResult{Limit: limit, RetryAfter: wait}
	}
	steps := []struct {
		at   time.Duration
		want resttest.LimitResult
	}{
		{0, allowed(2, 1)},
		{400 * time.Millisecond, allowed(2, 0)},
		{400 * time.Millisecond, rejected(2, 600*time.Millisecond)}, // costs nothing
		{999 * time.Millisecond, rejected(2, time.Millisecond)},
		{time.Second, allowed(2, 1)}, // opens the next second
		{1999 * time.Millisecond, allowed(2, 0)},
		{3 * time.Second, allowed(5, 0)},
		{5 * time.Second, rejected(5, 55*time.Second)}, // opens no second
		{59500 * time.Millisecond, rejected(5, 500*time.Millisecond)},
		{time.Minute, allowed(2, 1)}, // all full again
		{time.Minute, allowed(2, 0)},
	}
	synctest.Test(t, func(t *testing.T) {
		limiter, start := resttest.NewLimiter(second, minute), time.Now()
		for i, step := range steps {
			time.Sleep(step.at - time.Since(start))
			assert.Equal(t, step.want, limiter.Allow("a"), "step %d at %v", i, step.at)
		}
		assert.Equal(t, allowed(2, 1), limiter.Allow("b"), "each key has its own")
	})
}

func TestLimiterNamesTheFirstWindowOfEqualOnes(t *testing.T) {
	limiter := resttest.NewLimiter(resttest.Window{Limit: 1, Every: time.Second}, resttest.Window{Limit: 1, Every: time.Minute})
	assert.Equal(t, resttest.LimitResult{Allowed: true, Limit: 1}, limiter.Allow("a"))
	assert.LessOrEqual(t, limiter.Allow("a").RetryAfter, time.Second)
}

func TestLimiterWithoutWindowsAllowsEverything(t *testing.T) {
	limiter := resttest.NewLimiter()
	for range 100 {
		assert.Equal(t, resttest.LimitResult{Allowed: true}, limiter.Allow("a"))
	}
}

func TestLimiterUnderConcurrency(t *testing.T) {
	limiter := resttest.NewLimiter(resttest.Window{Limit: 30, Every: time.Hour})
	var allowed atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if limiter.Allow("a").Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 30, allowed.Load())
}
