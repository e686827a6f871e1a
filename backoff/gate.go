package backoff

import (
	"slices"
	"time"
)

const (
	second        = int64(time.Second)
	reopenJitter  = int64(500 * time.Millisecond) // rate-limited processes must not all return at the same moment
	maxOwnWait    = 8 * second                    // maximum wait of the pacer's own if the server named a shorter one that was wrong
	maxOutageWait = 30 * second                   // the same after a 503 without Retry-After
	maxClosed     = 3600 * second                 // longest time between two probes if the server names no time
	maxRetryAfter = 24 * 3600 * second            // longest Retry-After: a mistake must not stop a process for days
	strayCost     = 8                             // so many must be accepted for each stray 429: with 5 % random 429s, 19 are
	maxStray      = 32                            // limits the balance of both
	strayProof    = 3                             // requests accepted behind a 429 that prove it stray
)

// probeTimes are when a server that names no time is probed, counted from its first
// 429. They are few, as each probe is rejected until the server's window ends, and some
// servers count what they reject.
var probeTimes = [...]int64{
	second, 5 * second, 15 * second, 30 * second, 45 * second, 60 * second, 120 * second,
	300 * second, 600 * second, 900 * second, 1800 * second, maxClosed,
}

// gate stops a class after a 429, until a single probe is accepted.
type gate struct {
	notBefore     int64 // nothing is sent earlier
	closed        bool  // closed, or open for one probe at a time
	closedAt      int64 // when it was last closed: 429s of requests sent earlier belong to the same event
	firstClosedAt int64 // when it was closed after it was last open
	cause         int64 // when the request was sent whose 429 closed it
	silent        bool  // the server named no time
	rejections    int   // 429s since it was open
	proof         int   // balance from which the 429 is stray
	balance       int   // of the requests sent after cause and before closedAt: 1 for each accepted, -2 for each 429
	stray         bool  // the last 429 was stray: not due to a limit
	credit        int   // 1 for each accepted request, -strayCost for each 429
	inFlightLimit int   // maximum number of requests in flight for now
}

// on429 closes the gate.
func (g *gate) on429(r *request, now, retryAfter int64, is429, spaced, learned bool, random func(int64) int64) {
	if !g.closed {
		g.firstClosedAt, g.rejections, g.balance = now, 0, 0
	}
	if g.proof = 1; learned {
		g.proof = strayProof
	}
	g.credit = max(g.credit-strayCost, -maxStray)
	g.closed, g.closedAt, g.cause, g.silent = true, now, r.sent, retryAfter == 0 && !learned
	g.notBefore = addCappedTime(now, g.wait(now, retryAfter, is429, spaced, random))
	g.rejections++
}

// onSame429 records the 429 of a request that was sent before the gate closed.
func (g *gate) onSame429(r *request, now, retryAfter int64) {
	g.credit = max(g.credit-strayCost, -maxStray)
	if r.sent >= g.cause {
		g.balance -= 2
	}
	if g.closed && retryAfter > 0 {
		g.notBefore = max(g.notBefore, addCappedTime(now, retryAfter))
	}
}

// wait returns how long the gate stays closed, with jitter.
func (g *gate) wait(now, retryAfter int64, is429, spaced bool, random func(int64) int64) int64 {
	if retryAfter > 0 && spaced { // the 429 is due to another process with a share: send right behind it, and stay there
		return addCappedTime(retryAfter, random(reopenJitter/2))
	}
	if g.stray && g.rejections == 0 && g.credit > 0 && retryAfter == 0 {
		return random(reopenJitter / 4)
	}
	since := now - g.firstClosedAt
	own := maxClosed
	if i, _ := slices.BinarySearch(probeTimes[:], since+1); i < len(probeTimes) {
		own = probeTimes[i] - since
	}
	if !is429 { // an outage may end at any moment
		own = min(second+since/3, maxOutageWait)
	}
	if retryAfter == 0 {
		return own + random(min(reopenJitter, own/20)+1)
	}
	jitter := min(reopenJitter, retryAfter/4)
	own = min(second<<min(g.rejections, 6), max(maxOwnWait, since/8))
	if g.rejections > 0 {
		jitter = max(jitter, min(own, maxOwnWait)/2)
	}
	return addCappedTime(max(own, retryAfter), random(jitter))
}

// onAccepted records a response other than a 429. It reports whether it was that of a
// probe that ended a block.
//
// Accepted requests that were sent after a rejected one show that the 429 was not due
// to a limit. The gate then opens immediately, unless the server named a time.
func (g *gate) onAccepted(r *request, now int64, maxInFlight int) (probe bool) {
	g.credit = min(g.credit+1, maxStray)
	switch {
	case g.closed && r.sent > g.closedAt && g.stray && g.silent && g.rejections == 1 && g.credit > 0:
		g.closed, probe = false, true
	case g.closed && r.sent > g.closedAt:
		g.closed, g.stray, g.inFlightLimit, probe = false, g.balance >= g.proof && g.credit > 0, 1, true
	case g.closed && r.sent > g.cause && g.rejections == 1:
		if g.balance++; g.balance >= strayProof && g.silent && g.credit > 0 {
			g.closed, g.stray, g.notBefore, probe = false, true, now, true
		}
	}
	if !g.closed {
		g.inFlightLimit = min(g.inFlightLimit+2, maxInFlight)
	}
	return probe
}
