package backoff

import (
	"slices"
	"time"
)

const (
	rareBlock = 16 // nothing is learned from a block that is so many times shorter than the cycle before it: rare blocks cost less than a wrong limit
	minWindow = 8  // a long limit of fewer requests may be too low: the 429s of its first window may have counted

	// How often a cycle must repeat before a limit is enforced that may be due to something else:
	otherRepeats = 1 // a 503: an outage; a documented quota: other processes on the key
	idleRepeats  = 2 // the client was idle: its numbers repeat by chance

	maxThinkTime = second / 50 // between two requests of a busy client
)

// Indices of the learned limits: short is learned from blocks shorter than longBlock, long from the others.
const short, long = 0, 1

// learner finds limits that are not documented. It receives events (sent, accepted,
// rejected, reopened) and returns when the next request may be sent.
//
// A block is the time from a 429 to the next accepted request. A cycle is the time between two
// blocks. At the end of a block, the learner assumes that the server allows as many requests
// as it accepted in the cycle before, in the time from the first of them to the end of the
// block.
type learner struct {
	documented []Quota
	off        bool
	log        *requestLog
	quotas     [2]learnedQuota
	cycles     [2]cycle // since the last block, and since the last long one
	block      block
}

// cycle is the time since a block, or since a pause in sending.
type cycle struct {
	start int64 // when the first request was sent
	first int64 // when the server probably counted it
	n     int   // requests accepted
	idle  bool  // the client was idle in between: its numbers repeat by chance
}

// block is the time from a 429 to the first request accepted after it.
type block struct {
	at        int64 // first 429
	last      int64 // when the last rejected request was sent
	statedEnd int64 // when it ends according to Retry-After, 0: unknown, or Retry-After was wrong
	hasHeader bool  // the first 429 had a Retry-After
	explored  bool  // the 429 ended an exploration
	repeats   int   // how often its cycle must repeat before a limit is enforced
}

// sent records that r is sent.
func (l *learner) sent(r *request) {
	l.quotas[short].lastSent = r.sent
	for i := range l.cycles {
		if c := &l.cycles[i]; r.idle > second {
			*c = cycle{start: r.sent}
		} else if r.idle > maxThinkTime {
			c.idle = true
		}
	}
	if r.exploration.quota != nil {
		r.exploration.quota.notBefore = r.sent + minPause // until its response arrives, or if it never does
	}
}

// accepted records that the server accepted r.
func (l *learner) accepted(r *request, now int64) {
	for i := range l.quotas {
		q, c := &l.quotas[i], &l.cycles[i]
		if r.sent >= c.start {
			if c.n++; c.n == 1 {
				c.first = r.sent + (now-r.sent)/2
			}
		}
		q.onAccepted(r, now)
		if q.n > 0 && now-q.since > max(expiry, 16*q.per) {
			*q = learnedQuota{}
		}
	}
}

// rejected records a 429: the first of a block, or another one in it. retryAfter is 0 if
// the response contained none. repeats is how often the cycle must repeat before a limit is
// enforced. It reports whether the 429 only ended an exploration.
func (l *learner) rejected(r *request, now, retryAfter int64, first bool, repeats int) (explored bool) {
	b := &l.block
	switch {
	case first:
		*b = block{at: now, repeats: repeats, hasHeader: retryAfter > 0}
		if retryAfter > 0 {
			b.statedEnd = now + retryAfter
		}
		for i := range l.quotas {
			if q := &l.quotas[i]; r.exploration.quota == q || q.fallback > 0 {
				q.onExploration429(r, now, retryAfter)
				b.explored = true
			}
		}
	case r.sent > b.at:
		b.statedEnd = 0 // a probe was rejected: Retry-After was wrong
	}
	b.last = r.sent
	return first && b.explored
}

// reopened records that a probe was accepted, which ends the block. sent is when the probe was
// sent. end is the earliest time at which it could have been sent, and counts as the end of the
// block. stray: the 429 was probably not due to a limit.
func (l *learner) reopened(sent, end, now int64, stray bool) {
	b := l.block
	if b.statedEnd > 0 {
		end = min(end, b.statedEnd)
	}
	k := short
	if end-b.at >= longBlock {
		k = long
	}
	q, c := &l.quotas[k], l.cycles[k]
	for i := range k + 1 {
		l.cycles[i] = cycle{start: sent}
	}
	switch {
	case l.off || c.n == 0 || b.explored:
	case !q.inForce():
		c.idle = c.idle || stray
		l.learn(k, c, end, now)
	case k == long:
		n := l.log.countAfter(b.at-q.per*3/4) - 1
		if n <= 0 { // a new window had just started: take the previous one
			n = q.n
		}
		q.onRejected(n, end-l.log.nthNewest(n+1), now) // the newest is the probe
	default:
		q.onRejected(c.n, end-c.first, now)
	}
}

// learn sets the limit of kind k after cycle c and the block that followed it and ended at
// end.
func (l *learner) learn(k int, c cycle, end, now int64) {
	q, b := &l.quotas[k], l.block
	if now < q.ignoreTill || b.at-c.start > rareBlock*(end-b.at) {
		q.n = 0
		return
	}
	repeats, repeated := b.repeats, q.repeatedBy(c.n)
	if c.idle || c.n < 2 && len(l.documented) == 0 { // one accepted request shows no rate
		repeats = idleRepeats
	}
	if slices.ContainsFunc(l.documented, func(d Quota) bool { return (int64(d.Per) >= longBlock) == (k == long) }) {
		repeats = max(repeats, otherRepeats) // other processes may use the key
	}
	if repeated {
		repeats = min(repeats, q.repeats-1)
	}
	least, most := b.last-c.first, end-c.first
	*q = learnedQuota{
		n: c.n, per: most, interval: noDeadline, tooShort: least, repeats: repeats, hasHeader: b.hasHeader,
		unsure: k == long && !repeated && c.n < minWindow, since: now, ignore: q.ignore, ignoreTill: q.ignoreTill,
	}
	if b.statedEnd > 0 {
		least = max(least, most-second) // Retry-After is in whole seconds
	}
	if stated := b.statedEnd - b.at; stated >= longBlock && slices.Contains(commonPeriods[:], stated) {
		q.per = stated // probably a constant
	}
	for _, p := range commonPeriods {
		if p > least && p <= most {
			q.per = p
		}
	}
	if slices.ContainsFunc(l.documented, func(d Quota) bool { return int64(d.Per) == q.per }) {
		q.tooShort = q.per
	}
}

// next returns when the learned limits allow the next request, and what that explores. busy:
// requests are in flight. nextFree returns when one more request fits n per period.
func (l *learner) next(now int64, busy bool, nextFree func(n int, per int64) int64) (at int64, e exploration) {
	for i := range l.quotas {
		if q := &l.quotas[i]; q.inForce() {
			free, explores := q.next(now, busy, nextFree)
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

// blockEnd returns when a block that just started ends according to the learned limits, 0 if
// they do not explain it.
func (l *learner) blockEnd(nextFree func(n int, per int64) int64) (at int64) {
	for i := range l.quotas {
		if q := &l.quotas[i]; q.inForce() || q.repeatedBy(l.cycles[i].n) {
			at = max(at, q.nextFree(q.per, nextFree))
		}
	}
	return at
}

// learned returns the learned limits for [Stats].
func (l *learner) learned() (quota Quota, interval time.Duration) {
	if q := l.quotas[short]; q.inForce() {
		interval = time.Duration(q.per) / time.Duration(q.n)
	}
	if q := l.quotas[long]; q.inForce() {
		quota = Quota{N: q.n, Per: time.Duration(q.per)}
	}
	return quota, interval
}

// commonPeriods are the usual periods of rate limits.
var commonPeriods = [...]int64{
	second, 2 * second, 3 * second, 5 * second, 10 * second, 15 * second, 20 * second, 30 * second,
	60 * second, 120 * second, 300 * second, 600 * second, 900 * second, 1800 * second, 3600 * second,
}
