package backoff

import "time"

const (
	gateJitter = int64(500 * time.Millisecond) // processes must not come back in step
	gateTrust  = int64(8 * time.Second)        // longest wait of our own when the server names one
	gateMost   = int64(time.Hour)              // longest the gate stays closed for one refusal, whatever the server says: a slip must not stop a process for days
)

// rhythm are the periods that people choose.
var rhythm = [...]int64{
	int64(time.Second), int64(2 * time.Second), int64(5 * time.Second), int64(10 * time.Second), int64(15 * time.Second),
	int64(20 * time.Second), int64(30 * time.Second), int64(time.Minute), int64(2 * time.Minute), int64(5 * time.Minute), int64(10 * time.Minute),
	int64(15 * time.Minute), int64(30 * time.Minute), int64(time.Hour),
}

// probes are when a server that names no time is asked again, counted from its first
// refusal. They are few, as each is refused until the server's window is over, and
// some servers count what they refuse.
var probes = [...]int64{
	int64(time.Second), int64(5 * time.Second), int64(15 * time.Second), int64(45 * time.Second), int64(time.Minute), int64(2 * time.Minute),
	int64(5 * time.Minute), int64(10 * time.Minute), int64(15 * time.Minute), int64(30 * time.Minute), int64(time.Hour),
}

// gate stops a class after a refusal.
type gate struct {
	until  int64 // nobody leaves before
	shut   bool  // closed, or open for one probe at a time
	closed int64 // when it was closed or renewed last: what left before is the same event
	first  int64 // when it was closed first since it was open
	misses int   // refusals since it was open
	wish   int64 // what the last refusal asked for
	ramp   int   // requests under way that are allowed for now
	round  int   // answers since ramp rose, -1 before the probe's own
}

// refuse takes in a 429.
func (c *class) refuse(t *turn, now, retryAfter int64) {
	c.trip.idle++
	if t.logged {
		c.log.remove(t.sent + c.trip.guard())
	}
	c.plan.clear()
	g := &c.gate
	if g.closed > 0 && t.sent <= g.closed {
		if g.shut && retryAfter > 0 {
			g.until = max(g.until, addTime(now, min(retryAfter, gateMost)))
		}
		return
	}
	retryAfter = min(retryAfter, gateMost)
	c.learned.failed = now
	if t.trial != none {
		c.learned.explored(t, now, retryAfter)
		if retryAfter == 0 {
			return // the learned window says when to go on
		}
	} else if !g.shut {
		c.learned.closing(c, now, retryAfter)
	}
	if !g.shut {
		g.first, g.misses = now, 0
	}
	g.shut, g.closed, g.wish = true, now, retryAfter
	if w := &c.learned.window; retryAfter == 0 && w.limit > 0 && c.free(w.limit, w.span) > now {
		g.shut = false
		return
	}
	g.until = addTime(now, c.wait(now, retryAfter))
	g.misses++
	c.sweep(now)
}

// wait returns how long the gate stays closed, with some jitter: processes that
// were refused together must not come back together.
func (c *class) wait(now, retryAfter int64) int64 {
	g := &c.gate
	if retryAfter > 0 && c.apart { // met another process that has a share: leave right behind it, and stay there
		return addTime(retryAfter, c.random(gateJitter/2))
	}
	if retryAfter > 0 {
		own := min(int64(time.Second)<<min(g.misses, 6), gateTrust)
		spread := gateJitter
		if retryAfter > gateTrust {
			spread /= 2
		}
		if g.misses > 0 {
			spread = max(spread, own/2)
		}
		return addTime(max(own, retryAfter), c.random(spread))
	}
	since := now - g.first
	next := since + probes[len(probes)-1]
	for _, r := range probes {
		if r > since {
			next = r
			break
		}
	}
	return next - since + c.random(min(gateJitter, next/20)+1)
}

// accept takes in an answer that is not a refusal.
func (c *class) accept(t *turn, now int64) {
	g := &c.gate
	if g.shut && t.sent > g.closed {
		g.shut, g.ramp, g.round = false, 1, -1
		c.learned.reopened(c, t.sent, min(t.sent, g.until), g.wish)
	}
	if !g.shut {
		g.open(c.inFlight)
	}
	c.learned.accepted(c, t)
}

// open lets more requests be under way: two with each answer, or one with each
// round of answers after a short lull, which speaks of a limit too fine for
// bursts.
func (g *gate) open(most int) {
	if g.until-g.first > int64(5*time.Second) {
		g.ramp = min(g.ramp+2, most)
	} else if g.round++; g.round >= g.ramp {
		g.round, g.ramp = 0, min(g.ramp+1, most)
	}
}
