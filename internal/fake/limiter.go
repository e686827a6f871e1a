package fake

import (
	"slices"
	"time"

	"github.com/usersync/usersync/rest/resttest"
)

// Limiter enforces quotas. A fixed window starts with the first request that it counts,
// and is empty again after Every, as in Laravel. A sliding window contains the requests
// of the last Every, as in Django REST framework. A request is counted only if all windows
// have room for it. Without windows there is room for every request.
type Limiter struct {
	windows []resttest.Window
	sliding bool
	counted [][]time.Time // per window, oldest first
}

// NewLimiter returns a Limiter with fixed or sliding windows.
func NewLimiter(sliding bool, windows ...resttest.Window) *Limiter {
	return &Limiter{windows, sliding, make([][]time.Time, len(windows))}
}

// LimitResult is the decision about a request.
type LimitResult struct {
	// Limit and Remaining are those of one window: the first that is full, or if the
	// request is allowed, the first one with the least remaining.
	Limit, Remaining int
	// RetryAfter is how long that window is full, 0 if the request is allowed.
	RetryAfter time.Duration
}

// Allow counts a request or rejects it.
func (l *Limiter) Allow() LimitResult {
	now := time.Now()
	for i, w := range l.windows {
		expired := func(at time.Time) bool { return now.Sub(at) >= w.Every }
		switch log := l.counted[i]; {
		case l.sliding:
			l.counted[i] = slices.DeleteFunc(log, expired)
		case len(log) > 0 && expired(log[0]):
			l.counted[i] = nil
		}
		if log := append(l.counted[i], now); len(log) > w.Limit {
			return LimitResult{Limit: w.Limit, RetryAfter: w.Every - now.Sub(log[0])}
		}
	}
	result := LimitResult{}
	for i, w := range l.windows {
		l.counted[i] = append(l.counted[i], now)
		if remaining := w.Limit - len(l.counted[i]); i == 0 || remaining < result.Remaining {
			result.Limit, result.Remaining = w.Limit, remaining
		}
	}
	return result
}
