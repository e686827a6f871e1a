package backoff

import "time"

// intervalThreshold is how soon closings of the gate follow each other when they teach a
// pace; those further apart teach a window.
const intervalThreshold = int64(10 * time.Second)

// learnedLimits holds limits below the documented ones, found by being refused: what
// was accepted between two closings of the gate is what the server allows.
type learnedLimits struct {
	closedAt     int64 // last closing, 0 none
	last429At    int64 // last refusal
	reopenedAt   int64 // last reopening
	accepted     int   // accepted since the last closing
	idleTime     int64 // nobody had anything to send for so long since then
	sparse429s   int   // closings in a row that came soon, and amid idle times
	lastInterval int64 // from one accepted to the next, between the two closings before
	interval     learnedInterval
	window       learnedWindow
}

// onGateClosed learns from the first refusal since the gate was open. wish is the
// wait that the server named, 0 if none.
func (l *learnedLimits) onGateClosed(c *class, now, wish int64) {
	first, gap, n := l.closedAt == 0, now-l.closedAt, l.accepted
	steady := l.isSteady(gap, n)
	l.closedAt, l.accepted, l.idleTime, l.window.justLearned = now, 0, 0, false
	switch {
	case l.window.causedBy(wish, gap):
		l.window.on429(c, now)
	case first && !c.spaced && c.looksEvenlySpaced(wish):
		l.interval = c.evenInterval()
		l.interval.unconfirmed = true
	case first || n == 0:
		l.suspectLowerQuota(c, now, wish)
	case gap < intervalThreshold && !c.spaced:
		if l.interval.interval > 0 || steady {
			l.interval.on429(c, gap, n)
		}
	case l.interval.interval > 0:
		l.interval.on429AfterLongRun(gap, n)
	case gap <= max(intervalThreshold, 4*(l.reopenedAt-(now-gap))) && c.isPlausibleWindow(gap, n):
		l.setWindow(c, n, gap, max(0, l.last429At-(now-gap))+now-l.reopenedAt, wish)
	default:
		l.suspectLowerQuota(c, now, wish)
	}
}

// isSteady reports whether closings of the gate show a pace of the server's that is
// not learned yet: it accepted about as many in gap as between the two closings
// before, and the callers had enough to send. Refusals by chance seldom agree. A
// server that keeps refusing those who come now and then has a limit too.
func (l *learnedLimits) isSteady(gap int64, n int) bool {
	if gap >= intervalThreshold || n == 0 || l.interval.interval > 0 {
		l.lastInterval, l.sparse429s = 0, 0
		return false
	}
	before := l.lastInterval
	l.lastInterval = gap / int64(n)
	l.sparse429s++
	idle := l.idleTime > gap/4
	if !idle {
		l.sparse429s = 0
	}
	return before > l.lastInterval*2/3 && before < l.lastInterval*3/2 && (!idle || l.sparse429s > 2)
}

// onGateReopened learns the window of a server that documents none from its first
// lull: it was filled since the class began to send, and was over when the probe
// could leave. When it did leave, at sent, says more of the callers than of the
// server: they may have had nothing to send for hours.
func (l *learnedLimits) onGateReopened(c *class, sent, over, wish int64) {
	l.reopenedAt = over
	began := c.burstStart
	c.burstStart = sent
	span, n := over-began, c.log.countAfter(began)-1
	if l.interval.unconfirmed {
		l.interval.unconfirmed, l.interval.noBurst = false, n <= 1
	}
	if len(c.quotas) > 0 || l.window.limit > 0 || l.interval.interval > 0 || span < intervalThreshold || n < 2 {
		return
	}
	if l.closedAt-began > over-l.closedAt {
		return // it sent for longer than it was closed: no telling when the window began
	}
	if wish > 0 {
		first, _ := c.log.nthNewest(n + 1)
		span = min(span, l.closedAt+wish-first) // without our own hesitation, nor the first handshake
	}
	l.setWindow(c, n, span, l.last429At-began, wish)
	l.window.justLearned = false
}

// setWindow learns a window from what was accepted in it.
func (l *learnedLimits) setWindow(c *class, n int, span, unsure, wish int64) {
	l.window = newWindow(n, c.roundToCommonPeriod(span))
	if wish == 0 && unsure < l.window.span {
		l.window.tooShortSpan = unsure
	}
	c.log.reserve(min(n, maxQuota))
}

// minSamples is how many accepted requests tell a lower quota from mere company
// on the key.
const minSamples = 8

// suspectLowerQuota notes where a documented quota seems to be lower than it should be. The
// next time the pacer goes beyond that point with a single request. A wait that
// is short beside the quota's period is not about this quota.
func (l *learnedLimits) suspectLowerQuota(c *class, now, wish int64) {
	for _, q := range c.quotas {
		per := int64(q.Per)
		if wish <= per/2 || wish > per+per/8 {
			continue
		}
		begun := now + wish - per - c.rtt.countDelay()
		if wish > per-per/16 { // the period itself, whatever is left of it
			begun = now - per
		}
		if n := c.log.countAfter(begun); n < q.N && n >= minSamples {
			l.window = newWindow(n, per)
			l.window.tentative = true
			return
		}
	}
}

// onAccepted takes in an answer that is no refusal.
func (l *learnedLimits) onAccepted(c *class, t *ticket) {
	if t.sent > l.closedAt {
		l.accepted++
	} else if l.window.justLearned && l.window.limit > 0 {
		l.window.limit++ // sent before the closing that taught the limit
	}
	l.window.onAccepted(c, t)
}

// onExploration429 takes in the refusal of a request that tried a learned window.
func (l *learnedLimits) onExploration429(t *ticket, now, wish int64) {
	if l.window.onExploration429(t, wish) {
		l.closedAt = now
	}
}

// learnedDelay returns when the learned limits let the next request leave.
func (c *class) learnedDelay(now int64) int64 {
	at := c.learned.interval.next(c)
	if c.learned.window.limit == 0 {
		return at
	}
	return c.learned.window.next(c, now, at)
}
