// Package waitlimit carries the longest wait of a call in its context. Package
// upsert sets it for the calls of a run; package rest uses it in place of MaxWait
// and MaxRetryAfter of its retry policy.
package waitlimit

import (
	"context"
	"sync/atomic"
	"time"
)

type key struct{}

// With returns a context whose calls wait for at most limit in total.
func With(ctx context.Context, limit time.Duration) context.Context {
	return context.WithValue(ctx, key{}, limit)
}

// From returns the limit of the calls with this context, and whether there is one.
func From(ctx context.Context) (time.Duration, bool) {
	limit, ok := ctx.Value(key{}).(time.Duration)
	return limit, ok
}

type pauseKey struct{}

// WithPause returns a context for the first call after a pause of the run, which
// reports the pause to its observer.
func WithPause(ctx context.Context, paused time.Duration) context.Context {
	left := new(atomic.Int64)
	left.Store(int64(paused))
	return context.WithValue(ctx, pauseKey{}, left)
}

// InPause reports whether the calls with this context belong to a try during a pause.
func InPause(ctx context.Context) bool {
	_, ok := ctx.Value(pauseKey{}).(*atomic.Int64)
	return ok
}

// TakePause returns the pause before the calls with this context to the first of them,
// and 0 to the others.
func TakePause(ctx context.Context) time.Duration {
	if left, ok := ctx.Value(pauseKey{}).(*atomic.Int64); ok {
		return time.Duration(left.Swap(0))
	}
	return 0
}
