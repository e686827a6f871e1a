package backoff

import "time"

// fine is how soon closings of the gate follow each other when they teach a
// pace; those further apart teach a window.
const fine = int64(10 * time.Second)

// learned holds limits below the documented ones, found by being refused: what
// was accepted between two closings of the gate is what the server allows.
type learned struct {
	closed int64 // last closing, 0 none
	failed int64 // last refusal
	opened int64 // last reopening
	passed int   // accepted since the last closing
	idle   int64 // nobody had anything to send for so long since then
	sparse int   // closings in a row that came soon, and amid idle times
	every  int64 // from one accepted to the next, between the two closings before
	pace   pace
	window window
}

// closing learns from the first refusal since the gate was open. wish is the
// wait that the server named, 0 if none.
func (l *learned) closing(c *class, now, wish int64) {
	first, gap, n := l.closed == 0, now-l.closed, l.passed
	steady := l.steady(gap, n)
	l.closed, l.passed, l.idle, l.window.fresh = now, 0, 0, false
	switch {
	case l.window.concerns(wish, gap):
		l.window.refused(c, now)
	case first && !c.apart && c.spreads(wish):
		l.pace = c.evenPace()
		l.pace.fresh = true
	case first || n == 0:
		l.doubt(c, now, wish)
	case gap < fine && !c.apart:
		if l.pace.every > 0 || steady {
			l.pace.refused(c, gap, n)
		}
	case l.pace.every > 0:
		l.pace.overtaken(gap, n)
	case gap <= max(fine, 4*(l.opened-(now-gap))) && c.plausible(gap, n):
		l.learn(c, n, gap, max(0, l.failed-(now-gap))+now-l.opened, wish)
	default:
		l.doubt(c, now, wish)
	}
}

// steady reports whether closings of the gate show a pace of the server's that is
// not learned yet: it accepted about as many in gap as between the two closings
// before, and the callers had enough to send. Refusals by chance seldom agree. A
// server that keeps refusing those who come now and then has a limit too.
func (l *learned) steady(gap int64, n int) bool {
	if gap >= fine || n == 0 || l.pace.every > 0 {
		l.every, l.sparse = 0, 0
		return false
	}
	before := l.every
	l.every = gap / int64(n)
	l.sparse++
	idle := l.idle > gap/4
	if !idle {
		l.sparse = 0
	}
	return before > l.every*2/3 && before < l.every*3/2 && (!idle || l.sparse > 2)
}

// reopened learns the window of a server that documents none from its first
// lull: it was filled since the class began to send, and was over when the probe
// could leave. When it did leave, at sent, says more of the callers than of the
// server: they may have had nothing to send for hours.
func (l *learned) reopened(c *class, sent, over, wish int64) {
	l.opened = over
	began := c.began
	c.began = sent
	span, n := over-began, c.log.since(began)-1
	if l.pace.fresh {
		l.pace.fresh, l.pace.strict = false, n <= 1
	}
	if len(c.quotas) > 0 || l.window.limit > 0 || l.pace.every > 0 || span < fine || n < 2 {
		return
	}
	if l.closed-began > over-l.closed {
		return // it sent for longer than it was closed: no telling when the window began
	}
	if wish > 0 {
		first, _ := c.log.last(n + 1)
		span = min(span, l.closed+wish-first) // without our own hesitation, nor the first handshake
	}
	l.learn(c, n, span, l.failed-began, wish)
	l.window.fresh = false
}

// learn learns a window from what was accepted in it.
func (l *learned) learn(c *class, n int, span, unsure, wish int64) {
	l.window = newWindow(n, c.snap(span))
	if wish == 0 && unsure < l.window.span {
		l.window.unsure = unsure
	}
	c.log.reserve(min(n, maxQuota))
}

// leastDoubt is how many accepted requests tell a lower quota from mere company
// on the key.
const leastDoubt = 8

// doubt notes where a documented quota seems to be lower than it should be. The
// next time the pacer goes beyond that point with a single request. A wait that
// is short beside the quota's period is not about this quota.
func (l *learned) doubt(c *class, now, wish int64) {
	for _, q := range c.quotas {
		per := int64(q.Per)
		if wish <= per/2 || wish > per+per/8 {
			continue
		}
		begun := now + wish - per - c.trip.guard()
		if wish > per-per/16 { // the period itself, whatever is left of it
			begun = now - per
		}
		if n := c.log.since(begun); n < q.N && n >= leastDoubt {
			l.window = newWindow(n, per)
			l.window.tentative = true
			return
		}
	}
}

// accepted takes in an answer that is no refusal.
func (l *learned) accepted(c *class, t *turn) {
	if t.sent > l.closed {
		l.passed++
	} else if l.window.fresh && l.window.limit > 0 {
		l.window.limit++ // sent before the closing that taught the limit
	}
	l.window.accepted(c, t)
}

// explored takes in the refusal of a request that tried a learned window.
func (l *learned) explored(t *turn, now, wish int64) {
	if l.window.explored(t, wish) {
		l.closed = now
	}
}

// learnedDelay returns when the learned limits let the next request leave.
func (c *class) learnedDelay(now int64) int64 {
	at := c.learned.pace.next(c)
	if c.learned.window.limit == 0 {
		return at
	}
	return c.learned.window.next(c, now, at)
}
