package backoff

import (
	"context"
	"time"
)

// FitsDeadline reports whether a wait of d ends before the deadline of ctx, if it has
// one. A wait that does not fit is not worth beginning.
func FitsDeadline(ctx context.Context, d time.Duration) bool {
	end, ok := ctx.Deadline()
	return !ok || time.Until(end) > d
}

// Sleep waits for d, or until ctx ends; then it returns ctx's error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
