package fake_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/rest/resttest"
)

type result struct {
	limit, remaining int
	retryAfter       time.Duration
}

func allow(l *fake.Limiter) (r result) {
	r.limit, r.remaining, r.retryAfter = l.Allow()
	return r
}

func TestLimiter(t *testing.T) {
	second, minute := resttest.Window{Limit: 2, Every: time.Second}, resttest.Window{Limit: 5, Every: time.Minute}
	allowed := func(limit, remaining int) result { return result{limit, remaining, 0} }
	rejected := func(limit int, wait time.Duration) result { return result{limit, 0, wait} }
	steps := []struct {
		at   time.Duration
		want result
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
		limiter, start := &fake.Limiter{Windows: []resttest.Window{second, minute}}, time.Now()
		for i, step := range steps {
			time.Sleep(step.at - time.Since(start))
			assert.Equal(t, step.want, allow(limiter), "step %d at %v", i, step.at)
		}
	})
}

func TestLimiterNamesTheFirstWindowOfEqualOnes(t *testing.T) {
	limiter := &fake.Limiter{Windows: []resttest.Window{{Limit: 1, Every: time.Second}, {Limit: 1, Every: time.Minute}}}
	assert.Equal(t, result{limit: 1}, allow(limiter))
	assert.LessOrEqual(t, allow(limiter).retryAfter, time.Second)
}

func TestLimiterWithoutWindowsAllowsEverything(t *testing.T) {
	limiter := new(fake.Limiter)
	for range 100 {
		assert.Equal(t, result{}, allow(limiter))
	}
}
