// Package waitlimit carries the limits of a call in its context. Package upsert sets
// them for the calls of a run; package rest uses them with its retry policy.
package waitlimit

import (
	"context"
	"sync/atomic"
	"time"
)

// Call contains the limits of the calls with one context, and the time of their first
// failure.
type Call struct {
	// MaxWait is the longest total wait. It replaces MaxWait and MaxRetryAfter of the
	// retry policy.
	MaxWait time.Duration
	// MaxAttempts limits the attempts of the retry policy; 0: no further limit.
	MaxAttempts int
	// Pause is the pause of the run before the call. The first call reports it to its observer.
	Pause time.Duration

	pauseTaken atomic.Bool
	failed     atomic.Pointer[time.Time]
}

type key struct{}

// With returns a context whose calls have the limits of c.
func With(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// From returns the limits of the calls with this context, or nil.
func From(ctx context.Context) *Call {
	c, _ := ctx.Value(key{}).(*Call)
	return c
}

// TakePause returns Pause to the first of the calls, and 0 to the others. c may be nil.
func (c *Call) TakePause() time.Duration {
	if c == nil || c.pauseTaken.Swap(true) {
		return 0
	}
	return c.Pause
}

// SetFailed notes that an attempt has failed. c may be nil.
func (c *Call) SetFailed() {
	if c != nil {
		now := time.Now()
		c.failed.CompareAndSwap(nil, &now)
	}
}

// FailedAt returns when the first attempt failed, and otherwise the time now.
func (c *Call) FailedAt() time.Time {
	if at := c.failed.Load(); at != nil {
		return *at
	}
	return time.Now()
}
