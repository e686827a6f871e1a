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
	came    time.Duration // when a worker handed it over
	left    time.Duration // when the attempt left that stored it
	refused []trip        // attempts that were refused
}

// trip is an attempt under way.
type trip struct{ left, back time.Duration }

type callKey struct{}

// follow returns ctx with c in it, for the network to note its attempts.
func follow(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// note enters an attempt of r's call that was answered.
func note(r *http.Request, t trip, refused bool) {
	c, ok := r.Context().Value(callKey{}).(*call)
	switch {
	case !ok:
	case refused:
		c.refused = append(c.refused, t)
	default:
		c.left = t.left
	}
}

// overtaken is by how many that came later one call was passed at most, while it
// waited for its turn. What leaves while an attempt is under way that will be
// refused passes the network's delay, not the queue; passed counts that too.
func overtaken(calls []*call) (waiting, passed int) {
	slices.SortFunc(calls, func(a, b *call) int { return cmp.Compare(a.came, b.came) })
	for i, c := range calls {
		queued, all := 0, 0
		for _, later := range calls[i+1:] {
			if later.came >= c.left {
				break
			}
			if later.came == c.came || later.left >= c.left {
				continue
			}
			all++
			if !c.underWay(later.left) {
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
