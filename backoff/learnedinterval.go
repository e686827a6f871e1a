package backoff

import "time"

const (
	decayTime    = int64(100 * time.Second) // a pace quickens by 1/100 each second
	maxSlowdowns = 5                        // and at the slowest 2^5 times slower
)

// learnedInterval is a learned least distance between requests, for limits too fine to be
// filled and waited out. It quickens with time, not with successes, which would
// take hours at one request in ten seconds.
type learnedInterval struct {
	interval       int64 // 0: none
	raiseDivisor   int64 // the next refusal slows it down by 1/raise
	initialDivisor int64 // raise to begin with
	slowdowns      int   // times that quickening ended in a refusal; each halves it
	lastRaised     int64 // what it was after the last refusal
	noBurst        bool  // the server takes no burst at all: no two requests may arrive closer
	unconfirmed    bool  // learned from the first refusal; how many of that burst passed is not known yet
	resetBelow     int64 // so short a pace shows that the refusals are history
	initial        int64 // what it was when first learned
}

// on429 learns from the second of two closings in gap, with n requests
// accepted in between.
func (p *learnedInterval) on429(c *class, gap int64, n int) {
	if p.interval > 0 {
		if n < 4 { // no jitter: it is far off
			p.raiseDivisor = max(2, p.raiseDivisor/2)
		}
		p.increase()
		return
	}
	*p = learnedInterval{interval: gap / int64(n), initialDivisor: 16, noBurst: n <= 1}
	if even := c.quotaInterval(); even > 0 && p.interval > even {
		*p = c.evenInterval()
		p.noBurst = n <= 1
	}
	p.setBounds()
}

// on429AfterLongRun learns from a refusal long after the last closing, with n requests
// accepted in between: the pace became too quick, and what it was on average is
// about right.
func (p *learnedInterval) on429AfterLongRun(gap int64, n int) {
	p.interval = max(p.interval, min(p.lastRaised, gap/int64(max(n, 1))))
	if n < minAccepted {
		p.increase()
	} else {
		p.setBounds()
	}
	if p.interval == 0 {
		return
	}
	p.slowdowns = min(p.slowdowns+1, maxSlowdowns)
	p.raiseDivisor = p.initialDivisor
}

// increase slows the pace down. A server that still refuses at half as much again as
// was first measured does not do so because of the pace (or has a new limit, to
// be learned from the start): slower and slower would not end the refusals, but
// hold up the callers for hours.
func (p *learnedInterval) increase() {
	raise := p.raiseDivisor
	p.interval += p.interval / raise
	if p.interval > p.initial*3/2 {
		*p = learnedInterval{}
		return
	}
	p.setBounds()
	p.raiseDivisor = raise
}

func (p *learnedInterval) setBounds() {
	p.raiseDivisor, p.lastRaised, p.resetBelow = p.initialDivisor, p.interval, p.interval*3/4
	if p.initial == 0 {
		p.initial = p.interval
	}
}

// decay lets the pace creep up.
func (p *learnedInterval) decay(past int64) {
	if p.interval == 0 {
		return
	}
	p.interval -= int64(float64(p.interval) * min(1, float64(past)/float64(decayTime<<p.slowdowns)))
	if p.interval < p.resetBelow {
		p.slowdowns, p.raiseDivisor = 0, p.initialDivisor
	}
	if p.interval < int64(time.Millisecond) {
		p.interval = 0
	}
}

// next returns when the next request may leave. One that is held up on its way
// must not be caught up with: it is waited for, and counted when it arrived.
func (p *learnedInterval) next(c *class) int64 {
	if p.interval == 0 {
		return 0
	}
	every := p.interval
	if p.noBurst { // what leaves evenly does not arrive evenly
		every += min(c.rtt.jitter(), p.interval/4)
	}
	at := c.lastSent + every
	if c.uncounted > 0 && every > c.rtt.mean+c.rtt.jitter() {
		at = max(at, c.inFlight[len(c.inFlight)-1].sent+c.rtt.countDelay())
	}
	return at
}

// looksEvenlySpaced reports whether the wait that came with a first refusal, within the
// documented quotas, is about as long as the distance of requests that are spread
// evenly over them.
func (c *class) looksEvenlySpaced(wish int64) bool {
	even := c.quotaInterval()
	return even > 0 && wish >= even && wish <= even+int64(time.Second)
}

// evenInterval is the pace to begin with at a server that refuses a burst within its
// documented quotas: most likely it spreads them evenly.
func (c *class) evenInterval() learnedInterval {
	even := c.quotaInterval()
	p := learnedInterval{interval: even + even/128, initialDivisor: 32, slowdowns: 5}
	p.setBounds()
	return p
}

// quotaInterval is the distance between requests that are spread over the documented
// quotas, 0 without quotas.
func (c *class) quotaInterval() int64 {
	var even int64
	for _, q := range c.quotas {
		even = max(even, int64(q.Per)/int64(q.N))
	}
	return even
}
