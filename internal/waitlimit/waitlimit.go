// Package waitlimit carries the longest wait of a call in its context. Package
// upsert sets it for the calls of a run; package rest uses it in place of MaxWait
// and MaxRetryAfter of its retry policy.
package waitlimit

import (
	"context"
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
