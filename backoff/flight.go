package backoff

import (
	"net/http"
	"slices"
	"time"
)

// depart lets t leave.
func (c *class) depart(t *turn, now int64) {
	if now-c.busy > int64(time.Second) && len(c.flight) == 0 && !c.gate.shut && c.gate.until < now-int64(time.Second) {
		c.began = now
	}
	t.sent, t.logged, t.trial = now, false, c.trial
	if t.trial != none {
		counted, _ := c.log.last(c.learned.window.limit - c.unknown)
		t.age = now - counted
	}
	t.warm = c.trip.send()
	c.flight = append(c.flight, t)
	c.unknown++
	c.left++
	c.learned.pace.quicken(now - c.last)
	c.last, c.busy = now, now
	c.plan.shift()
}

// land takes t out of the requests under way.
func (c *class) land(t *turn) {
	c.flight = slices.DeleteFunc(c.flight, func(x *turn) bool { return x == t })
	if !t.logged {
		c.unknown--
	}
}

// done takes in the answer to t.
func (c *class) done(t *turn, status int, retryAfter time.Duration) {
	c.mu.Lock()
	if !slices.Contains(c.flight, t) {
		c.mu.Unlock() // Done without a Wait, or twice
		return
	}
	now := c.now()
	c.land(t)
	c.busy = now
	event := false
	switch status {
	case 0:
		c.count(t, now)
	case http.StatusTooManyRequests:
		c.refused++
		c.refuse(t, now, int64(retryAfter))
		event = true
	default:
		c.trip.answer(t, now)
		c.count(t, now-c.trip.credit())
		c.place(t, now)
		c.accept(t, now)
	}
	t.trial = none
	c.dispatch(now)
	until := c.gate.until
	c.mu.Unlock()
	if event && c.observe != nil {
		c.observe(Event{Refused: true, Methods: c.methods, RetryAfter: retryAfter, Until: c.start.Add(time.Duration(until))})
	}
}

// place corrects the latest departure by how late it came to the server: the next
// keeps its distance from that, and one held up on its way is not caught up with.
func (c *class) place(t *turn, now int64) {
	at := t.sent + c.trip.late(now-t.sent)
	if c.last > t.sent {
		at = max(at, c.last)
	}
	c.last = at
}

// count enters t into the log at the latest moment the server can have counted
// it.
func (c *class) count(t *turn, at int64) {
	if t.logged {
		return
	}
	c.log.add(max(t.sent, min(at, t.sent+c.trip.guard())))
}

// unsend takes back a departure.
func (c *class) unsend(t *turn, now int64) {
	c.land(t)
	if t.logged {
		c.log.remove(t.sent + c.trip.guard())
	}
	if t.warm {
		c.trip.idle++
	}
	c.left--
	c.plan.clear()
	c.dispatch(now)
}
