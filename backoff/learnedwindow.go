package backoff

import (
	"slices"
	"time"
)

const (
	minAccepted     = 64                      // requests accepted before a window is tried again,
	minExploreDelay = int64(30 * time.Second) // and the time until then,
	maxIdleWindows  = 8                       // or so many windows gone by, however few requests
)

// learnedWindow is a learned quota. From time to time a single request tries whether
// there is room for more, or, where the server names no time, whether the window
// is over sooner.
type learnedWindow struct {
	limit                    int   // most requests in span, 0: no window
	span                     int64 // a window as long is surely over
	initialSpan              int64 // what span was when first learned
	lastSafeSpan             int64 // it was this long before a trial shortened it
	tooShortSpan             int64 // one as long is surely not over, as far as trials tell
	tentative                bool  // one success beyond the limit disproves it
	justLearned              bool  // learned at the last closing
	lastExplorationOK        bool  // the last trial succeeded
	acceptedSinceExploration int   // requests accepted since the last trial
	windowsUntilExploration  int64 // gone by before the next
	step                     int   // the limit grows by it after a success
}

// exploration is how a request leaves that tries a learned window.
type exploration uint8

const (
	noExploration exploration = iota
	aboveLimit                // more than its limit
	beforeEnd                 // before it is surely over
)

func newWindow(n int, span int64) learnedWindow {
	return learnedWindow{limit: n, span: span, initialSpan: span, windowsUntilExploration: 1, justLearned: true}
}

// causedBy reports whether a refusal may be due to this window: not one with a
// short wait soon after another.
func (w *learnedWindow) causedBy(wish, gap int64) bool {
	return w.limit > 0 && (wish == 0 || wish >= w.span/8 || gap >= min(intervalThreshold, w.span/8))
}

// on429 corrects the window: fewer requests, or longer. A server that still
// refuses at half as much again as was first measured has no such window: the
// callers would wait ever longer, and in vain.
func (w *learnedWindow) on429(c *class, now int64) {
	if n := c.log.countAfter(max(c.burstStart-1, now-w.span)); n > w.limit/2 && n < w.limit {
		w.limit, w.tentative, w.justLearned = n, false, true
	} else {
		w.tooShortSpan = w.span
		w.span = max(w.span+w.span/16, w.lastSafeSpan)
		w.lastSafeSpan = 0
		if w.span > w.initialSpan*3/2 {
			*w = learnedWindow{}
			return
		}
	}
	w.acceptedSinceExploration, w.lastExplorationOK = 0, false
}

// onAccepted takes in an answer that is no refusal.
func (w *learnedWindow) onAccepted(c *class, t *ticket) {
	w.acceptedSinceExploration++
	switch {
	case w.limit == 0 || t.exploration == noExploration:
	case t.exploration == beforeEnd:
		w.lastSafeSpan = max(w.lastSafeSpan, w.span)
		w.span = max(min(w.span, t.explorationAge), w.tooShortSpan+1)
	case w.tentative:
		w.limit = 0
	default:
		w.grow(c)
	}
}

// grow raises the limit after requests beyond it were accepted; a single one may
// owe it to a count on the safe side. A documented quota needs no learned one.
func (w *learnedWindow) grow(c *class) {
	w.limit += w.step
	w.step = max(1, 2*w.step)
	w.lastExplorationOK = true
	if slices.ContainsFunc(c.quotas, func(q Quota) bool { return int64(q.Per) == w.span && w.limit >= q.N }) {
		w.limit = 0
	}
	c.log.reserve(min(w.limit, maxQuota))
}

// onExploration429 takes in the refusal of a trial. It reports false when that tells
// nothing about the limit.
func (w *learnedWindow) onExploration429(t *ticket, wish int64) bool {
	if wish > 0 && wish < w.span/8 {
		return false // refused, but not by this window
	}
	if t.exploration == beforeEnd {
		w.tooShortSpan = max(w.tooShortSpan, min(t.explorationAge, w.span))
		return false
	}
	w.acceptedSinceExploration, w.step, w.lastExplorationOK = 0, 0, false
	if !w.tentative {
		w.windowsUntilExploration = min(2*w.windowsUntilExploration, maxIdleWindows)
	}
	w.tentative = false
	return true
}

// explorationDue reports whether it is time to try a request beyond the limit. closed is
// when the last one was refused.
func (w *learnedWindow) explorationDue(now, closed int64) bool {
	past := now - closed
	return w.tentative || w.lastExplorationOK || w.acceptedSinceExploration >= minAccepted && past >= minExploreDelay || past > w.windowsUntilExploration*w.span
}

// next returns when the window lets a request leave that may leave at as far as
// the pace is concerned.
func (w *learnedWindow) next(c *class, now, at int64) int64 {
	over := c.nextFree(w.limit, w.span)
	if over <= now || at > now || len(c.inFlight) > 0 {
		return max(at, over)
	}
	if w.explorationDue(now, c.learned.closedAt) {
		c.nextExploration = aboveLimit
		return at
	}
	if w.tooShortSpan > 0 && w.span-w.tooShortSpan > w.span/20 {
		sooner := c.nextFree(w.limit, w.tooShortSpan+(w.span-w.tooShortSpan)/2)
		if sooner <= now {
			c.nextExploration = beforeEnd
		}
		return sooner
	}
	return over
}

// isPlausibleWindow reports whether n requests in span may be a window of the server:
// where periods are documented, one about as long as one of them, and more than
// what company on the key has left over.
func (c *class) isPlausibleWindow(span int64, n int) bool {
	if len(c.quotas) == 0 {
		return true
	}
	return n >= minSamples && slices.ContainsFunc(c.quotas, func(q Quota) bool { return int64(q.Per) == c.roundToCommonPeriod(span) })
}

// roundToCommonPeriod returns the period that a window which seems to take span is likely to
// have: a documented one, or one that people choose.
func (c *class) roundToCommonPeriod(span int64) int64 {
	for _, q := range c.quotas {
		if p := int64(q.Per); p > span-span/8 && p < span+span/8 {
			return p
		}
	}
	for _, p := range commonPeriods {
		if p <= span && span <= p+p/8 {
			return p
		}
	}
	return span
}
