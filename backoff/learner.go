package backoff

import "time"

// rareBlock is how many times longer than a block the cycle before it may be. Rarer blocks cost
// less time than a limit that was learned by mistake.
const rareBlock = 16

// minWindow is how many requests must be accepted before a long block for n to be sure.
const minWindow = 8

// learner finds limits that are not documented. It receives events (sent, accepted,
// rejected, reopened) and returns one decision: when may the next request be sent? It
// learns when a block ends, from the requests accepted before the block.
type learner struct {
	quotas []Quota // documented ones
	off    bool
	log    *requestLog

	short, long     learnedQuota // taught by short and by long blocks
	run, longRun    cycle        // since the last block, and since the last long one
	lastN, lastLong int          // accepted in the cycles before
	block           block
}

// cycle is what the server accepted since a pause or a block.
type cycle struct {
	start int64 // when the first request was sent
	first int64 // when the server counted it, 0: not known yet
	n     int
}

// block is the time from a 429 to the first request accepted after it.
type block struct {
	open       bool
	at         int64         // first 429
	last       int64         // when the last rejected request was sent
	end        int64         // when it ends according to the server, 0: unknown, or the server was wrong
	retryAfter int64         // of the first 429
	explored   *learnedQuota // whose exploration the 429 ended, nil if none
	certain    bool          // a 429, not a 503
	busy       bool          // requests were waiting
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
// the server named no time. certain is false for a 503. It reports whether the 429 only
// ended an exploration.
func (l *learner) rejected(r *request, now, retryAfter int64, first, certain, busy bool) (explored bool) {
	b := &l.block
	switch {
	case first:
		*b = block{open: true, at: now, certain: certain, busy: busy, retryAfter: retryAfter}
		if retryAfter > 0 {
			b.end = now + retryAfter
		}
		for _, q := range []*learnedQuota{&l.short, &l.long} {
			if r.exploration.quota == q || q.fallback > 0 {
				q.onExploration429(r, now, retryAfter)
				b.explored = q
			}
		}
	case r.sent > b.at:
		b.end = 0 // a probe was rejected: the server was wrong
	}
	b.last = r.sent
	return first && b.explored != nil
}

// reopened records that a probe was accepted. It was sent at sent and could have been sent
// at over. stray: the 429 was not due to a limit.
func (l *learner) reopened(sent, over, now int64, stray bool) {
	l.block.open = false
	b := l.block
	if stray {
		return
	}
	if b.end > 0 {
		over = min(over, b.end)
	}
	run, longRun, blocked := l.run, l.longRun, over-b.at
	l.run = cycle{start: sent}
	switch {
	case l.off || b.explored == &l.long || b.explored != nil && blocked < longBlock:
	case blocked >= longBlock || l.short.n == 0 && l.long.n > 0 && l.counted(l.long.n) > b.at-l.long.per-l.long.per/8:
		l.longRun = l.run
		agrees := longRun.n == l.lastLong
		l.lastLong = longRun.n
		l.learn(&l.long, longRun, over, now, agrees)
	default:
		agrees := max(run.n, l.lastN)-min(run.n, l.lastN) <= max(1, run.n/16) && l.lastN > 0
		l.lastN = run.n
		l.learn(&l.short, run, over, now, agrees)
	}
}

// learn corrects q after a block that followed cycle c. agrees: as many requests had been
// accepted before the block before.
func (l *learner) learn(q *learnedQuota, c cycle, over, now int64, agrees bool) {
	b := l.block
	long := q == &l.long
	switch {
	case c.n == 0, !b.busy && !agrees:
		return
	case q.n > 0 && long:
		n := l.log.countAfter(b.at-q.per*3/4) - 1
		if n <= q.n/8 { // a new window had just begun: the previous window is longer
			n = q.n
		}
		q.onRejected(n, over-l.counted(n), now)
		return
	case q.n > 0:
		q.onRejected(c.n, over-c.first, now)
		return
	case now < q.ignoreTill,
		b.at-c.start > rareBlock*(over-b.at),
		!agrees && (!b.certain || long && len(l.quotas) > 0), // an outage, or other processes on the key
		long && len(l.quotas) > 0 && c.n < minWindow,
		!agrees && long && b.at-c.start > over-b.at: // it sent for longer than it was blocked: unknown when the window began
		return
	}
	least, most := b.last-c.first, over-c.first
	slack := most / 8
	if b.end > 0 {
		slack = max(slack, second) // Retry-After is in whole seconds
	}
	*q = learnedQuota{
		n: c.n, per: commonPeriod(max(least, most-slack), most), tooShort: least, retryAfter: b.retryAfter,
		unsure: long && !agrees && c.n < minWindow, step: 1, since: l.run.start, lastReject: now, ignore: q.ignore, ignoreTill: q.ignoreTill,
	}
	for _, d := range l.quotas {
		if per := int64(d.Per); per > q.per-q.per/8 && per < q.per+q.per/8 {
			q.per, q.tooShort = per, per
		}
	}
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
func (l *learner) next(now int64, inFlight int, nextFree func(n int, per int64) int64) (at int64, e exploration) {
	for _, q := range []*learnedQuota{&l.short, &l.long} {
		if q.n > 0 {
			free, explores := q.next(now, inFlight, nextFree)
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

// commonPeriods are those that people choose.
var commonPeriods = [...]int64{
	second, 2 * second, 3 * second, 5 * second, 10 * second, 15 * second, 20 * second, 30 * second,
	60 * second, 120 * second, 300 * second, 600 * second, 900 * second, 1800 * second, 3600 * second,
}

// commonPeriod returns the longest common period above least, up to most. It returns most
// if there is none.
func commonPeriod(least, most int64) int64 {
	for i := len(commonPeriods) - 1; i >= 0; i-- {
		if p := commonPeriods[i]; p > least && p <= most+most/32 {
			return p
		}
	}
	return most
}
