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
	Windows []resttest.Window
	Sliding bool

	counted map[int][]time.Time // by window, oldest first
}

// Allow counts a request, or rejects it with the time after which it would be allowed.
// limit and remaining are those of one window: the first that is full, or if the request
// is allowed, the first one with the least remaining.
func (l *Limiter) Allow() (limit, remaining int, retryAfter time.Duration) {
	if l.counted == nil {
		l.counted = make(map[int][]time.Time)
	}
	now := time.Now()
	for i, w := range l.Windows {
		expired := func(at time.Time) bool { return now.Sub(at) >= w.Every }
		switch counted := l.counted[i]; {
		case l.Sliding:
			l.counted[i] = slices.DeleteFunc(counted, expired)
		case len(counted) > 0 && expired(counted[0]):
			l.counted[i] = nil
		}
		if with := append(l.counted[i], now); len(with) > w.Limit {
			return w.Limit, 0, w.Every - now.Sub(with[0])
		}
	}
	for i, w := range l.Windows {
		l.counted[i] = append(l.counted[i], now)
		if left := w.Limit - len(l.counted[i]); i == 0 || left < remaining {
			limit, remaining = w.Limit, left
		}
	}
	return limit, remaining, 0
}
