package backoff

import (
	"context"
	"time"
)

// FitsDeadline reports whether a wait of d ends before the deadline of ctx. It returns true if
// ctx has no deadline.
func FitsDeadline(ctx context.Context, d time.Duration) bool {
	end, ok := ctx.Deadline()
	return !ok || time.Until(end) > d
}

// Sleep waits for d and returns nil. It returns the error of ctx if ctx ends first.
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
