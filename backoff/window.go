package backoff

import (
	"slices"
	"time"
)

const (
	patience   = 64                      // requests accepted before a window is tried again,
	leastPause = int64(30 * time.Second) // and the time until then,
	mostSpans  = 8                       // or so many windows gone by, however few requests
)

// window is a learned quota. From time to time a single request tries whether
// there is room for more, or, where the server names no time, whether the window
// is over sooner.
type window struct {
	limit     int   // most requests in span, 0: no window
	span      int64 // a window as long is surely over
	origin    int64 // what span was when first learned
	safe      int64 // it was this long before a trial shortened it
	unsure    int64 // one as long is surely not over, as far as trials tell
	tentative bool  // one success beyond the limit disproves it
	fresh     bool  // learned at the last closing
	trying    bool  // the last trial succeeded
	tried     int   // requests accepted since the last trial
	spans     int64 // gone by before the next
	bump      int   // the limit grows by it after a success
}

// trial is how a request leaves that tries a learned window.
type trial uint8

const (
	none    trial = iota
	beyond        // more than its limit
	earlier       // before it is surely over
)

func newWindow(n int, span int64) window {
	return window{limit: n, span: span, origin: span, spans: 1, fresh: true}
}

// concerns reports whether a refusal may be due to this window: not one with a
// short wait soon after another.
func (w *window) concerns(wish, gap int64) bool {
	return w.limit > 0 && (wish == 0 || wish >= w.span/8 || gap >= min(fine, w.span/8))
}

// refused corrects the window: fewer requests, or longer. A server that still
// refuses at half as much again as was first measured has no such window: the
// callers would wait ever longer, and in vain.
func (w *window) refused(c *class, now int64) {
	if n := c.log.since(max(c.began-1, now-w.span)); n > w.limit/2 && n < w.limit {
		w.limit, w.tentative, w.fresh = n, false, true
	} else {
		w.unsure = w.span
		w.span = max(w.span+w.span/16, w.safe)
		w.safe = 0
		if w.span > w.origin*3/2 {
			*w = window{}
			return
		}
	}
	w.tried, w.trying = 0, false
}

// accepted takes in an answer that is no refusal.
func (w *window) accepted(c *class, t *turn) {
	w.tried++
	switch {
	case w.limit == 0 || t.trial == none:
	case t.trial == earlier:
		w.safe = max(w.safe, w.span)
		w.span = max(min(w.span, t.age), w.unsure+1)
	case w.tentative:
		w.limit = 0
	default:
		w.grow(c)
	}
}

// grow raises the limit after requests beyond it were accepted; a single one may
// owe it to a count on the safe side. A documented quota needs no learned one.
func (w *window) grow(c *class) {
	w.limit += w.bump
	w.bump = max(1, 2*w.bump)
	w.trying = true
	if slices.ContainsFunc(c.quotas, func(q Quota) bool { return int64(q.Per) == w.span && w.limit >= q.N }) {
		w.limit = 0
	}
	c.log.reserve(min(w.limit, maxQuota))
}

// explored takes in the refusal of a trial. It reports false when that tells
// nothing about the limit.
func (w *window) explored(t *turn, wish int64) bool {
	if wish > 0 && wish < w.span/8 {
		return false // refused, but not by this window
	}
	if t.trial == earlier {
		w.unsure = max(w.unsure, min(t.age, w.span))
		return false
	}
	w.tried, w.bump, w.trying = 0, 0, false
	if !w.tentative {
		w.spans = min(2*w.spans, mostSpans)
	}
	w.tentative = false
	return true
}

// due reports whether it is time to try a request beyond the limit. closed is
// when the last one was refused.
func (w *window) due(now, closed int64) bool {
	past := now - closed
	return w.tentative || w.trying || w.tried >= patience && past >= leastPause || past > w.spans*w.span
}

// next returns when the window lets a request leave that may leave at as far as
// the pace is concerned.
func (w *window) next(c *class, now, at int64) int64 {
	over := c.free(w.limit, w.span)
	if over <= now || at > now || len(c.flight) > 0 {
		return max(at, over)
	}
	if w.due(now, c.learned.closed) {
		c.trial = beyond
		return at
	}
	if w.unsure > 0 && w.span-w.unsure > w.span/20 {
		sooner := c.free(w.limit, w.unsure+(w.span-w.unsure)/2)
		if sooner <= now {
			c.trial = earlier
		}
		return sooner
	}
	return over
}

// plausible reports whether n requests in span may be a window of the server:
// where periods are documented, one about as long as one of them, and more than
// what company on the key has left over.
func (c *class) plausible(span int64, n int) bool {
	if len(c.quotas) == 0 {
		return true
	}
	return n >= leastDoubt && slices.ContainsFunc(c.quotas, func(q Quota) bool { return int64(q.Per) == c.snap(span) })
}

// snap returns the period that a window which seems to take span is likely to
// have: a documented one, or one that people choose.
func (c *class) snap(span int64) int64 {
	for _, q := range c.quotas {
		if p := int64(q.Per); p > span-span/8 && p < span+span/8 {
			return p
		}
	}
	for _, p := range rhythm {
		if p <= span && span <= p+p/8 {
			return p
		}
	}
	return span
}
