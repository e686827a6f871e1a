package backoff

import "math"

const (
	longBlock      = 10 * second  // a longer block is due to a window, which is best filled and waited out; a shorter one is best avoided by even sending
	minPause       = 5 * second   // before the next exploration after a rejected one; doubles: a rejected one costs about a second
	maxPause       = 120 * second // limits the doubling
	settledPause   = 60 * second  // before the next exploration of a period that is known to 1/16
	expiry         = 600 * second // a limit is dropped if no 429 changed it in this time, or in 16 periods if that is longer
	windowRequests = 64           // after full windows with as many requests in all, one more request is explored
	closeEnough    = 16           // a period is not explored closer than to 1/16
)

// learnedQuota is a quota that was learned from 429s: n requests in per.
//
// It is explored from time to time, to find whether the server allows more: one request is
// sent after a shorter period, or one request more is sent in the period. If a shorter
// period is accepted, all requests use it. It is proven when 2n+2 have been accepted.
type learnedQuota struct {
	n          int   // 0: none
	repeats    int   // how often as many requests must be accepted again before the quota is enforced
	per        int64 // n requests in per are allowed, as far as is known
	tooShort   int64 // a period in which n requests are not allowed
	fallback   int64 // the last proven per, 0: per is proven
	since      int64 // when per changed last
	accepted   int   // since then
	hasHeader  bool  // the 429 from which it was learned had a Retry-After
	even       bool  // bursts are not allowed, though per is long
	unsure     bool  // n may be too low: one request more is explored as soon as it is full
	notBefore  int64 // of the next exploration
	pause      int64 // the last pause before an exploration
	lastSent   int64
	lowered    int   // how often since it was raised
	interval   int64 // shortest proven interval between requests, noDeadline: none
	ignore     int64 // how long nothing is learned after it was dropped; doubles
	ignoreTill int64
}

// exploration is what a request explores.
type exploration struct {
	quota *learnedQuota // nil: none
	per   int64         // the shorter period, 0: one request more
}

// inForce reports whether q is enforced.
func (q *learnedQuota) inForce() bool { return q.n > 0 && q.repeats <= 0 }

// repeatedBy reports whether n requests, accepted between two blocks, are as many as before.
// Numbers that repeat are probably due to a limit.
func (q *learnedQuota) repeatedBy(n int) bool {
	return q.n > 0 && (n == q.n || !q.isLong() && max(n, q.n)-min(n, q.n) <= max(1, n/16))
}

// isLong reports whether q is a window to be filled and waited out.
func (q *learnedQuota) isLong() bool { return q.per >= longBlock && !q.even }

// isSettled reports whether per is known well enough.
func (q *learnedQuota) isSettled() bool { return q.per-q.tooShort <= q.per/closeEnough }

// next returns when q allows a request, and what that explores.
func (q *learnedQuota) next(now int64, busy bool, nextFree func(n int, per int64) int64) (int64, exploration) {
	at := q.nextFree(q.per, nextFree)
	switch {
	case at <= now || q.fallback > 0 || now < q.notBefore:
		return at, exploration{}
	case q.unsure || q.isLong() && q.isSettled() && q.accepted >= q.n:
		return q.oneMore(now, at, busy)
	case q.accepted < q.n || !q.isLong() && now-q.since < q.per || q.isSettled() && now-q.since < settledPause:
		return at, exploration{}
	}
	per := q.shorter()
	if early := q.nextFree(per, nextFree); early > now {
		return min(at, early), exploration{}
	}
	return now, exploration{q, per}
}

// oneMore explores one request more, unless q allows a request soon anyway. It is sent alone:
// the server may receive requests in another order.
func (q *learnedQuota) oneMore(now, at int64, busy bool) (int64, exploration) {
	if busy || at-now <= q.per/closeEnough {
		return at, exploration{}
	}
	return now, exploration{quota: q}
}

// nextFree returns when one more request fits n in per. Requests are spread over a short
// period: limits without bursts and limits on concurrent requests reject bursts.
func (q *learnedQuota) nextFree(per int64, nextFree func(n int, per int64) int64) int64 {
	at := nextFree(q.n, per)
	if !q.isLong() && q.n > 1 {
		at = max(at, q.lastSent+per/int64(q.n))
	}
	return at
}

// shorter returns the period to explore.
func (q *learnedQuota) shorter() int64 {
	per := q.per / 2
	switch {
	case q.isSettled():
		return q.per * 7 / 8
	case q.isLong() && q.hasHeader:
		per = q.per / 8 // the server may always name a time that is far too long; a rejection costs another one, counted from now
	}
	if q.tooShort > per/2 {
		per = int64(math.Sqrt(float64(q.tooShort) * float64(q.per)))
	}
	for _, common := range commonPeriods {
		if common > q.tooShort && common > per*4/5 && common < per*5/4 && common < q.per*15/16 {
			return common
		}
	}
	return per
}

// onAccepted records an accepted request.
func (q *learnedQuota) onAccepted(r *request, now int64) {
	if !q.inForce() {
		return
	}
	if r.exploration.quota == q {
		q.onExplored(r.exploration.per, now)
	}
	if r.sent < q.since {
		return
	}
	q.accepted++
	if q.accepted < 2*q.n+2 || now-q.since < q.per {
		return
	}
	q.interval = min(q.interval, q.per/int64(q.n))
	if q.fallback > 0 {
		if q.per < q.fallback*3/4 {
			q.pause = 0
		}
		q.fallback, q.lowered, q.notBefore = 0, 0, now+q.pause
	}
}

// onExplored records that an exploration was accepted.
func (q *learnedQuota) onExplored(per, now int64) {
	if per == 0 {
		q.n++
		q.unsure, q.notBefore = true, now
		return
	}
	q.fallback, q.per, q.since, q.accepted = q.per, per, now, 0
	if per <= q.tooShort {
		q.tooShort, q.pause = 0, 0
	}
}

// onExploration429 records that an exploration, or a later request that used its period,
// was rejected.
func (q *learnedQuota) onExploration429(r *request, now, retryAfter int64) {
	q.since, q.accepted = now, 0
	switch {
	case r.exploration.quota == q && r.exploration.per == 0:
		q.unsure = false
		if q.isSettled() {
			q.notBefore = now + q.per*int64(max(1, windowRequests/q.n))
		}
		return
	case q.fallback == 0:
		q.tooShort = r.exploration.per
	default:
		q.tooShort, q.per, q.fallback = q.per, q.fallback, 0
	}
	q.pause = min(max(2*q.pause, minPause, q.per, 8*retryAfter), maxPause)
	q.notBefore = now + q.pause
}

// onRejected records a 429 that was received although q was respected. n requests were accepted in
// per before it.
func (q *learnedQuota) onRejected(n int, per, now int64) {
	q.lowered++
	switch {
	case q.accepted >= min(16*q.n, 64) && now-q.since >= 10*second: // probably one request was delayed on its way
		q.lowered = 0
	case n < q.n && float64(n)/float64(per) < float64(q.n)/float64(q.per):
		if !q.isLong() {
			per = min(per, 2*q.per*int64(n)/int64(q.n)) // the 429 may be a random one
		}
		q.n, q.per, q.tooShort = n, per, min(q.tooShort, per*3/4)
		q.even = q.per >= longBlock && q.hasHeader // a server that always names the same time may be a token bucket
		q.unsure = q.isLong()
	case q.accepted >= q.n:
		q.per += q.per / 16
		if q.lowered > 1 { // slower did not help: tooShort may be due to a random 429
			q.tooShort, q.pause, q.lowered = 0, 0, 0
		}
	default:
		q.tooShort = q.per
		q.per = max(q.per+q.per/16, min(per*int64(q.n)/int64(n), 2*q.per))
	}
	q.since, q.accepted = now, 0
	if !q.isLong() {
		q.pause = min(max(2*q.pause, minPause), maxPause)
		q.notBefore = now + q.pause
	}
	if q.per/int64(q.n)/2 > q.interval { // slower did not help: the 429s have another reason
		ignore := min(max(2*q.ignore, 10*second), maxPause)
		*q = learnedQuota{ignore: ignore, ignoreTill: now + ignore}
	}
}
