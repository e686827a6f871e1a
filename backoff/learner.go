package backoff

import (
	"slices"
	"time"
)

// rareBlock is how many times longer than a block the cycle before it may be for the learner to
// learn from it. Rarer blocks cost less time than a limit that was learned by mistake.
const rareBlock = 16

// minWindow is how many requests the server must accept in a cycle before a long block for n to
// be reliable.
const minWindow = 8

// learner finds limits that are not documented. It receives events (sent, accepted,
// rejected, reopened) and returns when the next request may be sent.
//
// A block is the time from a 429 to the next accepted request. A cycle is the time between two
// blocks. At the end of a block, the learner assumes that the server allows as many requests
// as it accepted in the cycle before, in the time from the first of them to the end of the
// block. It learns two quotas: a short one from blocks shorter than longBlock, and a long one
// from the others.
type learner struct {
	quotas []Quota // documented ones
	off    bool
	log    *requestLog

	short, long     learnedQuota // learned from short and from long blocks
	run, longRun    cycle        // since the last block, and since the last long one
	lastN, lastLong int          // requests accepted in the previous cycle of each kind
	block           block
}

// cycle is the time since a block, or since a pause in sending.
type cycle struct {
	start int64 // when the first request was sent
	first int64 // when the server counted it, 0: not known yet
	n     int
}

// block is the time from a 429 to the first request accepted after it.
type block struct {
	open      bool
	at        int64         // first 429
	last      int64         // when the last rejected request was sent
	statedEnd int64         // when it ends according to Retry-After, 0: unknown, or Retry-After was wrong
	hasHeader bool          // the first 429 had a Retry-After
	explored  *learnedQuota // whose exploration the 429 ended, nil if none
	is429     bool          // a 429, not a 503
	queued    bool          // requests were waiting to be sent
}

// sent records that r is sent; idle is how long no request had been in flight or waiting.
func (l *learner) sent(r *request, idle int64) {
	l.short.lastSent = r.sent
	for _, q := range []*learnedQuota{&l.short, &l.long} {
		if q.n > 0 && r.sent-q.lastReject > max(expiry, 2*maxWindows*q.per) {
			*q = learnedQuota{}
		}
	}
	if r.exploration.quota != nil {
		r.exploration.quota.pending = true
	}
	if idle > second {
		l.run, l.longRun = cycle{start: r.sent}, cycle{start: r.sent}
	}
}

// finished records that r is not in flight any more.
func (l *learner) finished(r *request) {
	if r.exploration.quota != nil {
		r.exploration.quota.pending = false
	}
}

// accepted records that the server accepted r.
func (l *learner) accepted(r *request, now int64) {
	for _, c := range []*cycle{&l.run, &l.longRun} {
		if r.sent >= c.start {
			c.n++
			if counted := r.sent + (now-r.sent)/2; c.first == 0 || counted < c.first {
				c.first = counted
			}
		}
	}
	for _, q := range []*learnedQuota{&l.short, &l.long} {
		q.onAccepted(r, now)
		for _, d := range l.quotas {
			if q.n >= d.N && float64(q.n)/float64(q.per) >= float64(d.N)/float64(d.Per) {
				*q = learnedQuota{ignore: q.ignore, ignoreTill: q.ignoreTill} // the documented quota is as strict
			}
		}
	}
}

// rejected records a 429: the first of a block, or another one in it. retryAfter is 0 if
// the response contained none. is429 is false for a 503. It reports whether the 429 only
// ended an exploration.
func (l *learner) rejected(r *request, now, retryAfter int64, first, is429, queued bool) (explored bool) {
	b := &l.block
	switch {
	case first:
		*b = block{open: true, at: now, is429: is429, queued: queued, hasHeader: retryAfter > 0}
		if retryAfter > 0 {
			b.statedEnd = now + retryAfter
		}
		for _, q := range []*learnedQuota{&l.short, &l.long} {
			if r.exploration.quota == q || q.fallback > 0 {
				q.onExploration429(r, now, retryAfter)
				b.explored = q
			}
		}
	case r.sent > b.at:
		b.statedEnd = 0 // a probe was rejected: Retry-After was wrong
	}
	b.last = r.sent
	return first && b.explored != nil
}

// reopened records that a probe was accepted, which ends the block. sent is when the probe was
// sent. end is the earliest time at which it could have been sent, and counts as the end of the
// block. stray: the 429 was not due to a limit.
func (l *learner) reopened(sent, end, now int64, stray bool) {
	l.block.open = false
	b := l.block
	if stray {
		return
	}
	if b.statedEnd > 0 {
		end = min(end, b.statedEnd)
	}
	run, longRun, blocked := l.run, l.longRun, end-b.at
	l.run = cycle{start: sent}
	switch {
	case l.off || b.explored == &l.long || b.explored != nil && blocked < longBlock:
	case blocked >= longBlock || l.short.n == 0 && l.long.n > 0 && l.counted(l.long.n) > b.at-l.long.per-l.long.per/8:
		l.longRun = l.run
		repeated := longRun.n == l.lastLong
		l.lastLong = longRun.n
		l.learn(&l.long, longRun, end, now, repeated)
	default:
		repeated := max(run.n, l.lastN)-min(run.n, l.lastN) <= max(1, run.n/16) && l.lastN > 0
		l.lastN = run.n
		l.learn(&l.short, run, end, now, repeated)
	}
}

// learn sets or corrects q after cycle c and the block that followed it and ended at end.
// repeated: as many requests were accepted in c as in the previous cycle of this kind. Numbers
// that repeat are probably due to a limit.
func (l *learner) learn(q *learnedQuota, c cycle, end, now int64, repeated bool) {
	b := l.block
	long := q == &l.long
	switch {
	case c.n == 0, !b.queued && !repeated:
		return
	case q.n > 0 && long:
		n := l.log.countAfter(b.at-q.per*3/4) - 1
		if n <= 0 { // a new window had just started: take the previous one
			n = q.n
		}
		q.onRejected(n, end-l.counted(n), now)
		return
	case q.n > 0:
		q.onRejected(c.n, end-c.first, now)
		return
	case now < q.ignoreTill,
		b.at-c.start > rareBlock*(end-b.at),
		!repeated && (!b.is429 || l.hasDocumented(long)), // an outage, or other processes on the key
		long && len(l.quotas) > 0 && c.n < minWindow,
		!repeated && long && b.at-c.start > end-b.at: // the cycle was longer than the block, so the start of the window is unknown
		return
	}
	least, most := b.last-c.first, end-c.first
	per, slack := most, most/8
	if b.statedEnd > 0 {
		slack = max(slack, second) // Retry-After is in whole seconds
	}
	for _, p := range commonPeriods {
		if p > max(least, most-slack) && p <= most {
			per = p
		}
	}
	*q = learnedQuota{
		n: c.n, per: per, tooShort: least, hasHeader: b.hasHeader,
		unsure: long && !repeated && c.n < minWindow, since: l.run.start, lastReject: now, ignore: q.ignore, ignoreTill: q.ignoreTill,
	}
	for _, d := range l.quotas {
		if per := int64(d.Per); per > q.per-q.per/8 && per < q.per+q.per/8 {
			q.per, q.tooShort = per, per
		}
	}
}

// hasDocumented reports whether a quota with a long or a short period is documented.
func (l *learner) hasDocumented(long bool) bool {
	return slices.ContainsFunc(l.quotas, func(q Quota) bool { return (int64(q.Per) >= longBlock) == long })
}

// counted returns when the server counted the n-th request before the probe.
func (l *learner) counted(n int) int64 {
	at, ok := l.log.nthNewest(n + 1)
	if !ok {
		return -noDeadline / 2
	}
	return at
}

// next returns when the learned limits allow the next request, and what that explores.
// nextFree returns when one more request fits n per period.
func (l *learner) next(now int64, nextFree func(n int, per int64) int64) (at int64, e exploration) {
	for _, q := range []*learnedQuota{&l.short, &l.long} {
		if q.n > 0 {
			free, explores := q.next(now, nextFree)
			at = max(at, free)
			if explores.quota != nil {
				e = explores
			}
		}
	}
	if at > now {
		e = exploration{}
	}
	return at, e
}

// learned returns the learned limits for [Stats].
func (l *learner) learned() (quota Quota, interval time.Duration) {
	if l.short.n > 0 {
		interval = time.Duration(l.short.per) / time.Duration(l.short.n)
	}
	return Quota{N: l.long.n, Per: time.Duration(l.long.per)}, interval
}

// longestPeriod returns how long the learner needs to remember.
func (l *learner) longestPeriod() int64 { return max(l.short.per, l.long.per) }

// commonPeriods are the usual periods of rate limits.
var commonPeriods = [...]int64{
	second, 2 * second, 3 * second, 5 * second, 10 * second, 15 * second, 20 * second, 30 * second,
	60 * second, 120 * second, 300 * second, 600 * second, 900 * second, 1800 * second, 3600 * second,
}
