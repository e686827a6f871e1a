package waitlimit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/waitlimit"
)

func TestFromReturnsTheInnermostLimits(t *testing.T) {
	assert.Nil(t, waitlimit.From(t.Context()))

	ctx := waitlimit.With(waitlimit.With(t.Context(), &waitlimit.Call{MaxWait: time.Hour}), &waitlimit.Call{MaxAttempts: 1})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := waitlimit.From(ctx)
	assert.Zero(t, c.MaxWait)
	assert.Equal(t, 1, c.MaxAttempts)
}

func TestTakePauseReturnsPauseOnce(t *testing.T) {
	var c *waitlimit.Call
	assert.Zero(t, c.TakePause())
	c = &waitlimit.Call{Pause: time.Minute}
	assert.Equal(t, time.Minute, c.TakePause())
	assert.Zero(t, c.TakePause(), "one call reports it")
}

func TestFailedAtReturnsTheFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, start := &waitlimit.Call{}, time.Now()
		c.SetFailed()
		time.Sleep(time.Second)
		c.SetFailed()
		assert.Equal(t, start, c.FailedAt())
		assert.Equal(t, time.Now(), new(waitlimit.Call).FailedAt())
	})
}
