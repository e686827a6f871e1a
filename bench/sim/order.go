package sim

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"
)

// call is one user on its way through a client.
type call struct {
	queuedAt time.Duration // when a worker handed it over
	sentAt   time.Duration // when the attempt left that stored it
	refused  []attempt     // attempts that were refused
}

// attempt is an attempt under way.
type attempt struct{ left, back time.Duration }

type callKey struct{}

// withCall returns ctx with c in it, for the network to note its attempts.
func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// recordAttempt enters an attempt of r's call that was answered.
func recordAttempt(r *http.Request, t attempt, refused bool) {
	c, ok := r.Context().Value(callKey{}).(*call)
	switch {
	case !ok:
	case refused:
		c.refused = append(c.refused, t)
	default:
		c.sentAt = t.left
	}
}

// overtaken is by how many that came later one call was passed at most, while it
// waited for its turn. What leaves while an attempt is under way that will be
// refused passes the network's delay, not the queue; passed counts that too.
func overtaken(calls []*call) (waiting, passed int) {
	slices.SortFunc(calls, func(a, b *call) int { return cmp.Compare(a.queuedAt, b.queuedAt) })
	for i, c := range calls {
		queued, all := 0, 0
		for _, later := range calls[i+1:] {
			if later.queuedAt >= c.sentAt {
				break
			}
			if later.queuedAt == c.queuedAt || later.sentAt >= c.sentAt {
				continue
			}
			all++
			if !c.underWay(later.sentAt) {
				queued++
			}
		}
		waiting, passed = max(waiting, queued), max(passed, all)
	}
	return waiting, passed
}

func (c *call) underWay(at time.Duration) bool {
	for _, t := range c.refused {
		if at >= t.left && at < t.back {
			return true
		}
	}
	return false
}
