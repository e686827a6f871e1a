package backoff_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/backoff"
)

func TestSleepReturnsWhenContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		assert.NoError(t, backoff.Sleep(t.Context(), time.Minute))
		assert.Equal(t, time.Minute, time.Since(start))

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start = time.Now()
		assert.ErrorIs(t, backoff.Sleep(ctx, time.Minute), context.Canceled)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestFitsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		assert.True(t, backoff.FitsDeadline(t.Context(), time.Hour), "no deadline")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		assert.True(t, backoff.FitsDeadline(ctx, time.Minute-1))
		assert.False(t, backoff.FitsDeadline(ctx, time.Minute))
	})
}
