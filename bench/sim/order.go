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
	queuedAt    time.Duration // when a worker handed it over
	sentAt      time.Duration // when the attempt was sent that stored it
	rateLimited []attempt     // attempts that were rejected
}

// attempt is one request on the wire.
type attempt struct{ sent, back time.Duration }

type callKey struct{}

// withCall returns ctx with c in it, for the network to record its attempts.
func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// recordAttempt adds an attempt of r's call that has a response.
func recordAttempt(r *http.Request, t attempt, rejected bool) {
	c, ok := r.Context().Value(callKey{}).(*call)
	switch {
	case !ok:
	case rejected:
		c.rateLimited = append(c.rateLimited, t)
	default:
		c.sentAt = t.sent
	}
}

// overtaken returns how many later calls were sent before one call, at most, while
// that call waited in the queue. Calls sent while an attempt is in flight that will
// be rejected pass the network's delay, not the queue; total counts these too.
func overtaken(calls []*call) (waiting, total int) {
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
			if !c.inFlight(later.sentAt) {
				queued++
			}
		}
		waiting, total = max(waiting, queued), max(total, all)
	}
	return waiting, total
}

func (c *call) inFlight(at time.Duration) bool {
	for _, t := range c.rateLimited {
		if at >= t.sent && at < t.back {
			return true
		}
	}
	return false
}
