package backoff

import (
	"net/http"
	"slices"
	"time"
)

// markSent records that t is sent now; waited is false if it was never queued.
func (c *class) markSent(t *ticket, now int64, waited bool) {
	idle := int64(0)
	if c.sent == 0 {
		idle = noDeadline
	} else if !waited && len(c.inFlight) == 0 && !c.gate.closed {
		idle = now - c.lastActivity
	}
	t.request = request{sent: now, idle: idle, exploration: c.exploration, reusedConn: c.rtt.takeIdleConn()}
	t.countedEarly = false
	c.inFlight = append(c.inFlight, t)
	c.uncounted++
	c.sent++
	c.learner.sent(&t.request)
	c.lastActivity = now
	c.forecast = c.forecast[min(1, len(c.forecast)):]
}

// removeInFlight takes t out of the requests in flight.
func (c *class) removeInFlight(t *ticket) {
	c.inFlight = slices.DeleteFunc(c.inFlight, func(x *ticket) bool { return x == t })
	if !t.countedEarly {
		c.uncounted--
	}
}

// finish records the response to t.
func (c *class) finish(t *ticket, status int, retryAfter time.Duration) {
	c.mu.Lock()
	if !slices.Contains(c.inFlight, t) {
		c.mu.Unlock() // Done without a Wait, or twice
		return
	}
	now := c.now()
	c.removeInFlight(t)
	c.lastActivity = now
	rateLimited := false
	switch status {
	case 0:
		c.logCounted(t, now)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if rateLimited = status == http.StatusTooManyRequests; rateLimited {
			c.rateLimited++
		}
		c.on429(t, now, int64(retryAfter), rateLimited)
	default:
		c.rtt.addSample(&t.request, now)
		c.logCounted(t, now-c.rtt.discount())
		c.onAccepted(t, now)
	}
	c.dispatch(now)
	resumeAt := c.gate.notBefore
	c.mu.Unlock()
	if rateLimited && c.observe != nil {
		c.observe(Event{RateLimited: true, Methods: c.methods, RetryAfter: retryAfter, ResumeAt: c.start.Add(time.Duration(resumeAt))})
	}
}

// onAccepted records a response other than a 429 or 503.
func (c *class) onAccepted(t *ticket, now int64) {
	if g := &c.gate; g.onAccepted(&t.request, now, c.maxInFlight) && !(g.stray && g.silent) {
		c.learner.reopened(t.sent, min(t.sent, g.notBefore), now, g.stray)
	}
	c.learner.accepted(&t.request, now)
}

// on429 records a 429, or a 503 if is429 is false: it may be due to an outage.
func (c *class) on429(t *ticket, now, retryAfter int64, is429 bool) {
	c.rtt.idleConns++
	if t.countedEarly {
		c.log.remove(t.sent + countDelay)
	}
	c.forecast = nil
	retryAfter = min(retryAfter, maxRetryAfter)
	if c.gate.closedAt > 0 && t.sent <= c.gate.closedAt {
		c.gate.onSame429(&t.request, now, retryAfter)
		return
	}
	repeats := 0
	switch {
	case len(c.quotas) > 0 && len(c.queue) == 0:
		repeats = idleRepeats
	case !is429:
		repeats = otherRepeats
	}
	if c.learner.rejected(&t.request, now, retryAfter, !c.gate.closed, repeats) && retryAfter == 0 {
		if at, _ := c.learner.next(now, true, c.nextFreeLearned); at > now {
			return
		}
	}
	c.gate.on429(&t.request, now, retryAfter, is429, c.spaced, c.learner.quotas[short].inForce(), c.random)
	if end := c.learner.blockEnd(c.nextFreeLearned); end != noDeadline && (retryAfter == 0 || c.gate.rejections > 1) {
		c.gate.notBefore = max(c.gate.notBefore, end)
	}
	c.rejectExpired(now)
}

// logCounted enters t into the log at the latest time when the server can have counted it.
func (c *class) logCounted(t *ticket, at int64) {
	if t.countedEarly {
		return
	}
	c.log.add(max(t.sent, min(at, t.sent+countDelay)))
}

// cancelSend reverts markSent.
func (c *class) cancelSend(t *ticket, now int64) {
	c.removeInFlight(t)
	if t.countedEarly {
		c.log.remove(t.sent + countDelay)
	}
	if t.reusedConn {
		c.rtt.idleConns++
	}
	c.sent--
	c.forecast = nil
	c.dispatch(now)
}
