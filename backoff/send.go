package backoff

import (
	"net/http"
	"slices"
	"time"
)

// markSent lets t leave.
func (c *class) markSent(t *ticket, now int64) {
	if now-c.lastActivity > int64(time.Second) && len(c.inFlight) == 0 && !c.gate.closed && c.gate.notBefore < now-int64(time.Second) {
		c.burstStart = now
	}
	t.sent, t.countedEarly, t.exploration = now, false, c.nextExploration
	if t.exploration != noExploration {
		counted, _ := c.log.nthNewest(c.learned.window.limit - c.uncounted)
		t.explorationAge = now - counted
	}
	t.reusedConn = c.rtt.takeIdleConn()
	c.inFlight = append(c.inFlight, t)
	c.uncounted++
	c.sent++
	c.learned.interval.decay(now - c.lastSent)
	c.lastSent, c.lastActivity = now, now
	c.forecast.pop()
}

// removeInFlight takes t out of the requests under way.
func (c *class) removeInFlight(t *ticket) {
	c.inFlight = slices.DeleteFunc(c.inFlight, func(x *ticket) bool { return x == t })
	if !t.countedEarly {
		c.uncounted--
	}
}

// finish takes in the answer to t.
func (c *class) finish(t *ticket, status int, retryAfter time.Duration) {
	c.mu.Lock()
	if !slices.Contains(c.inFlight, t) {
		c.mu.Unlock() // Done without a Wait, or twice
		return
	}
	now := c.now()
	c.removeInFlight(t)
	c.lastActivity = now
	event := false
	switch status {
	case 0:
		c.logCounted(t, now)
	case http.StatusTooManyRequests:
		c.rateLimited++
		c.on429(t, now, int64(retryAfter))
		event = true
	default:
		c.rtt.addSample(t, now)
		c.logCounted(t, now-c.rtt.discount())
		c.correctLastSent(t, now)
		c.onAccepted(t, now)
	}
	t.exploration = noExploration
	c.dispatch(now)
	until := c.gate.notBefore
	c.mu.Unlock()
	if event && c.observe != nil {
		c.observe(Event{RateLimited: true, Methods: c.methods, RetryAfter: retryAfter, ResumeAt: c.start.Add(time.Duration(until))})
	}
}

// correctLastSent corrects the latest departure by how late it came to the server: the next
// keeps its distance from that, and one held up on its way is not caught up with.
func (c *class) correctLastSent(t *ticket, now int64) {
	at := t.sent + c.rtt.excess(now-t.sent)
	if c.lastSent > t.sent {
		at = max(at, c.lastSent)
	}
	c.lastSent = at
}

// logCounted enters t into the log at the latest moment the server can have counted
// it.
func (c *class) logCounted(t *ticket, at int64) {
	if t.countedEarly {
		return
	}
	c.log.add(max(t.sent, min(at, t.sent+c.rtt.countDelay())))
}

// cancelSend takes back a departure.
func (c *class) cancelSend(t *ticket, now int64) {
	c.removeInFlight(t)
	if t.countedEarly {
		c.log.remove(t.sent + c.rtt.countDelay())
	}
	if t.reusedConn {
		c.rtt.idleConns++
	}
	c.sent--
	c.forecast.clear()
	c.dispatch(now)
}
