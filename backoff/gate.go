package backoff

import "time"

const (
	reopenJitter  = int64(500 * time.Millisecond) // processes must not come back in step
	maxOwnWait    = int64(8 * time.Second)        // longest wait of our own when the server names one
	maxGateClosed = int64(time.Hour)              // longest the gate stays closed for one refusal, whatever the server says: a slip must not stop a process for days
)

// commonPeriods are the periods that people choose.
var commonPeriods = [...]int64{
	int64(time.Second), int64(2 * time.Second), int64(5 * time.Second), int64(10 * time.Second), int64(15 * time.Second),
	int64(20 * time.Second), int64(30 * time.Second), int64(time.Minute), int64(2 * time.Minute), int64(5 * time.Minute), int64(10 * time.Minute),
	int64(15 * time.Minute), int64(30 * time.Minute), int64(time.Hour),
}

// probeTimes are when a server that names no time is asked again, counted from its first
// refusal. They are few, as each is refused until the server's window is over, and
// some servers count what they refuse.
var probeTimes = [...]int64{
	int64(time.Second), int64(5 * time.Second), int64(15 * time.Second), int64(45 * time.Second), int64(time.Minute), int64(2 * time.Minute),
	int64(5 * time.Minute), int64(10 * time.Minute), int64(15 * time.Minute), int64(30 * time.Minute), int64(time.Hour),
}

// gate stops a class after a refusal.
type gate struct {
	notBefore     int64 // nobody leaves before
	closed        bool  // closed, or open for one probe at a time
	closedAt      int64 // when it was closed or renewed last: what left before is the same event
	firstClosedAt int64 // when it was closed first since it was open
	rejections    int   // refusals since it was open
	retryAfter    int64 // what the last refusal asked for
	inFlightLimit int   // requests under way that are allowed for now
	responses     int   // answers since ramp rose, -1 before the probe's own
}

// on429 takes in a 429.
func (c *class) on429(t *ticket, now, retryAfter int64) {
	c.rtt.idleConns++
	if t.countedEarly {
		c.log.remove(t.sent + c.rtt.countDelay())
	}
	c.forecast.clear()
	g := &c.gate
	if g.closedAt > 0 && t.sent <= g.closedAt {
		if g.closed && retryAfter > 0 {
			g.notBefore = max(g.notBefore, addCappedTime(now, min(retryAfter, maxGateClosed)))
		}
		return
	}
	retryAfter = min(retryAfter, maxGateClosed)
	c.learned.last429At = now
	if t.exploration != noExploration {
		c.learned.onExploration429(t, now, retryAfter)
		if retryAfter == 0 {
			return // the learned window says when to go on
		}
	} else if !g.closed {
		c.learned.onGateClosed(c, now, retryAfter)
	}
	if !g.closed {
		g.firstClosedAt, g.rejections = now, 0
	}
	g.closed, g.closedAt, g.retryAfter = true, now, retryAfter
	if w := &c.learned.window; retryAfter == 0 && w.limit > 0 && c.nextFree(w.limit, w.span) > now {
		g.closed = false
		return
	}
	g.notBefore = addCappedTime(now, c.gateWait(now, retryAfter))
	g.rejections++
	c.rejectExpired(now)
}

// gateWait returns how long the gate stays closed, with some jitter: processes that
// were refused together must not come back together.
func (c *class) gateWait(now, retryAfter int64) int64 {
	g := &c.gate
	if retryAfter > 0 && c.spaced { // met another process that has a share: leave right behind it, and stay there
		return addCappedTime(retryAfter, c.random(reopenJitter/2))
	}
	if retryAfter > 0 {
		own := min(int64(time.Second)<<min(g.rejections, 6), maxOwnWait)
		spread := reopenJitter
		if retryAfter > maxOwnWait {
			spread /= 2
		}
		if g.rejections > 0 {
			spread = max(spread, own/2)
		}
		return addCappedTime(max(own, retryAfter), c.random(spread))
	}
	since := now - g.firstClosedAt
	next := since + probeTimes[len(probeTimes)-1]
	for _, r := range probeTimes {
		if r > since {
			next = r
			break
		}
	}
	return next - since + c.random(min(reopenJitter, next/20)+1)
}

// onAccepted takes in an answer that is not a refusal.
func (c *class) onAccepted(t *ticket, now int64) {
	g := &c.gate
	if g.closed && t.sent > g.closedAt {
		g.closed, g.inFlightLimit, g.responses = false, 1, -1
		c.learned.onGateReopened(c, t.sent, min(t.sent, g.notBefore), g.retryAfter)
	}
	if !g.closed {
		g.raiseLimit(c.maxInFlight)
	}
	c.learned.onAccepted(c, t)
}

// raiseLimit lets more requests be under way: two with each answer, or one with each
// round of answers after a short lull, which speaks of a limit too fine for
// bursts.
func (g *gate) raiseLimit(most int) {
	if g.notBefore-g.firstClosedAt > int64(5*time.Second) {
		g.inFlightLimit = min(g.inFlightLimit+2, most)
	} else if g.responses++; g.responses >= g.inFlightLimit {
		g.responses, g.inFlightLimit = 0, min(g.inFlightLimit+1, most)
	}
}
