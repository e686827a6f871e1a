package resttest

import (
	"sync"
	"time"
)

// Limiter enforces quotas as Laravel's throttle does: a window starts with the first
// request that it counts, and after Every it is full again. A request is counted
// only if all windows allow it, so a rejected request costs nothing. Without windows
// everything is allowed. A Limiter is safe for concurrent use.
type Limiter struct {
	windows []Window
	mu      sync.Mutex
	open    map[string][]windowState
}

type windowState struct {
	count int
	ends  time.Time
}

// NewLimiter returns a limiter with several windows.
func NewLimiter(windows ...Window) *Limiter {
	return &Limiter{windows: windows, open: make(map[string][]windowState)}
}

// LimitResult is the decision about a request.
type LimitResult struct {
	Allowed bool
	// Limit and Remaining are those of one window: the first one that is used up, or
	// if the request is allowed, the first one with the least remaining.
	Limit, Remaining int
	// RetryAfter is how long that window stays used up, 0 if the request is allowed.
	RetryAfter time.Duration
}

// Allow counts a request of key, or rejects it. key is the credential, followed by
// the class of the request if classes have separate quotas.
func (l *Limiter) Allow(key string) LimitResult {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	open := l.open[key]
	if open == nil {
		open = make([]windowState, len(l.windows))
		l.open[key] = open
	}
	for i, w := range l.windows {
		if !now.Before(open[i].ends) {
			open[i].count = 0
		}
		if open[i].count >= w.Limit {
			return LimitResult{Limit: w.Limit, RetryAfter: open[i].ends.Sub(now)}
		}
	}
	result := LimitResult{Allowed: true}
	for i, w := range l.windows {
		if open[i].count++; open[i].count == 1 {
			open[i].ends = now.Add(w.Every)
		}
		if remaining := w.Limit - open[i].count; i == 0 || remaining < result.Remaining {
			result.Limit, result.Remaining = w.Limit, remaining
		}
	}
	return result
}
