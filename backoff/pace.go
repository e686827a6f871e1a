package backoff

import "time"

const (
	forget    = int64(100 * time.Second) // a pace quickens by 1/100 each second
	mostFails = 5                        // and at the slowest 2^5 times slower
)

// pace is a learned least distance between requests, for limits too fine to be
// filled and waited out. It quickens with time, not with successes, which would
// take hours at one request in ten seconds.
type pace struct {
	every  int64 // 0: none
	raise  int64 // the next refusal slows it down by 1/raise
	least  int64 // raise to begin with
	fails  int   // times that quickening ended in a refusal; each halves it
	peak   int64 // what it was after the last refusal
	strict bool  // the server takes no burst at all: no two requests may arrive closer
	fresh  bool  // learned from the first refusal; how many of that burst passed is not known yet
	lowest int64 // so short a pace shows that the refusals are history
	origin int64 // what it was when first learned
}

// refused learns from the second of two closings in gap, with n requests
// accepted in between.
func (p *pace) refused(c *class, gap int64, n int) {
	if p.every > 0 {
		if n < 4 { // no jitter: it is far off
			p.raise = max(2, p.raise/2)
		}
		p.slow()
		return
	}
	*p = pace{every: gap / int64(n), least: 16, strict: n <= 1}
	if even := c.evenly(); even > 0 && p.every > even {
		*p = c.evenPace()
		p.strict = n <= 1
	}
	p.settle()
}

// overtaken learns from a refusal long after the last closing, with n requests
// accepted in between: the pace became too quick, and what it was on average is
// about right.
func (p *pace) overtaken(gap int64, n int) {
	p.every = max(p.every, min(p.peak, gap/int64(max(n, 1))))
	if n < patience {
		p.slow()
	} else {
		p.settle()
	}
	if p.every == 0 {
		return
	}
	p.fails = min(p.fails+1, mostFails)
	p.raise = p.least
}

// slow slows the pace down. A server that still refuses at half as much again as
// was first measured does not do so because of the pace (or has a new limit, to
// be learned from the start): slower and slower would not end the refusals, but
// hold up the callers for hours.
func (p *pace) slow() {
	raise := p.raise
	p.every += p.every / raise
	if p.every > p.origin*3/2 {
		*p = pace{}
		return
	}
	p.settle()
	p.raise = raise
}

func (p *pace) settle() {
	p.raise, p.peak, p.lowest = p.least, p.every, p.every*3/4
	if p.origin == 0 {
		p.origin = p.every
	}
}

// quicken lets the pace creep up.
func (p *pace) quicken(past int64) {
	if p.every == 0 {
		return
	}
	p.every -= int64(float64(p.every) * min(1, float64(past)/float64(forget<<p.fails)))
	if p.every < p.lowest {
		p.fails, p.raise = 0, p.least
	}
	if p.every < int64(time.Millisecond) {
		p.every = 0
	}
}

// next returns when the next request may leave. One that is held up on its way
// must not be caught up with: it is waited for, and counted when it arrived.
func (p *pace) next(c *class) int64 {
	if p.every == 0 {
		return 0
	}
	every := p.every
	if p.strict { // what leaves evenly does not arrive evenly
		every += min(c.trip.spread(), p.every/4)
	}
	at := c.last + every
	if c.unknown > 0 && every > c.trip.mean+c.trip.spread() {
		at = max(at, c.flight[len(c.flight)-1].sent+c.trip.guard())
	}
	return at
}

// spreads reports whether the wait that came with a first refusal, within the
// documented quotas, is about as long as the distance of requests that are spread
// evenly over them.
func (c *class) spreads(wish int64) bool {
	even := c.evenly()
	return even > 0 && wish >= even && wish <= even+int64(time.Second)
}

// evenPace is the pace to begin with at a server that refuses a burst within its
// documented quotas: most likely it spreads them evenly.
func (c *class) evenPace() pace {
	even := c.evenly()
	p := pace{every: even + even/128, least: 32, fails: 5}
	p.settle()
	return p
}

// evenly is the distance between requests that are spread over the documented
// quotas, 0 without quotas.
func (c *class) evenly() int64 {
	var even int64
	for _, q := range c.quotas {
		even = max(even, int64(q.Per)/int64(q.N))
	}
	return even
}
