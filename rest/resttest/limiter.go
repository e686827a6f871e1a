package resttest

import (
	"sync"
	"time"
)

// Window is a quota: at most Limit requests in a span of Every.
type Window struct {
	Limit int
	Every time.Duration
}

// Limiter enforces quotas as Laravel's throttle does: each window opens with the
// first request counted in it and is full again when it has passed. All windows
// are looked at before the request is counted in any, so that a refusal costs
// nothing. Without windows it allows everything. It is safe for concurrent use.
type Limiter struct {
	windows []Window
	mu      sync.Mutex
	open    map[string][]windowState
}

type windowState struct {
	count int
	ends  time.Time
}

// NewLimiter returns a limiter for several windows at once.
func NewLimiter(windows ...Window) *Limiter {
	return &Limiter{windows: windows, open: make(map[string][]windowState)}
}

// LimitResult is what a Limiter says of a request.
type LimitResult struct {
	Allowed bool
	// Limit and Remaining tell of one window: for a refusal the first that is
	// used up, otherwise the one with the least remaining, the first of several.
	Limit, Remaining int
	// RetryAfter is, for a refusal, how long that window stays closed.
	RetryAfter time.Duration
}

// Allow counts a request under key, or refuses it. The key is the credential,
// with the class of the request where classes have quotas of their own.
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
	verdict := LimitResult{Allowed: true}
	for i, w := range l.windows {
		if open[i].count++; open[i].count == 1 {
			open[i].ends = now.Add(w.Every)
		}
		if remaining := w.Limit - open[i].count; i == 0 || remaining < verdict.Remaining {
			verdict.Limit, verdict.Remaining = w.Limit, remaining
		}
	}
	return verdict
}
