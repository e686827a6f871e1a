package fake_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/rest/resttest"
)

func TestLimiter(t *testing.T) {
	second, minute := resttest.Window{Limit: 2, Every: time.Second}, resttest.Window{Limit: 5, Every: time.Minute}
	allowed := func(limit, remaining int) fake.LimitResult {
		return fake.LimitResult{Limit: limit, Remaining: remaining}
	}
	rejected := func(limit int, wait time.Duration) fake.LimitResult {
		return fake.LimitResult{Limit: limit, RetryAfter: wait}
	}
	steps := []struct {
		at   time.Duration
		want fake.LimitResult
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
		limiter, start := fake.NewLimiter(false, second, minute), time.Now()
		for i, step := range steps {
			time.Sleep(step.at - time.Since(start))
			assert.Equal(t, step.want, limiter.Allow(), "step %d at %v", i, step.at)
		}
	})
}

func TestLimiterNamesTheFirstWindowOfEqualOnes(t *testing.T) {
	limiter := fake.NewLimiter(false, resttest.Window{Limit: 1, Every: time.Second}, resttest.Window{Limit: 1, Every: time.Minute})
	assert.Equal(t, fake.LimitResult{Limit: 1}, limiter.Allow())
	assert.LessOrEqual(t, limiter.Allow().RetryAfter, time.Second)
}

func TestLimiterWithoutWindowsAllowsEverything(t *testing.T) {
	limiter := fake.NewLimiter(false)
	for range 100 {
		assert.Equal(t, fake.LimitResult{}, limiter.Allow())
	}
}
