package waitlimit_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/waitlimit"
)

func TestFromReturnsTheInnermostLimit(t *testing.T) {
	_, ok := waitlimit.From(t.Context())
	assert.False(t, ok)

	ctx := waitlimit.With(waitlimit.With(t.Context(), time.Hour), 0)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	limit, ok := waitlimit.From(ctx)
	assert.True(t, ok)
	assert.Zero(t, limit)
}

func TestTakePauseReturnsPauseOnce(t *testing.T) {
	assert.Zero(t, waitlimit.TakePause(t.Context()))
	ctx := waitlimit.WithPause(t.Context(), time.Minute)
	assert.Equal(t, time.Minute, waitlimit.TakePause(ctx))
	assert.Zero(t, waitlimit.TakePause(ctx), "one call reports it")
}
