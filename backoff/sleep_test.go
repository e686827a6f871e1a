package backoff_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/backoff"
)

func TestSleepWaitsAndIsWokenByItsContext(t *testing.T) {
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

func TestFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		assert.True(t, backoff.Fits(t.Context(), time.Hour), "no deadline")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		assert.True(t, backoff.Fits(ctx, time.Minute-1))
		assert.False(t, backoff.Fits(ctx, time.Minute))
	})
}
