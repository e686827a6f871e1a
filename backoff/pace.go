package backoff

import "time"

const (
	forget    = int64(100 * time.Second) // a pace quickens by 1/100 each second
	mostFails = 7                        // and at the slowest 2^7 times slower
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
	lowest int64 // so short a pace shows that the refusals are history
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
	*p = pace{every: gap / int64(n), least: 16}
	// A server that refuses a burst within its documented quota most likely
	// spreads the quota evenly. A sixteenth more covers the network's jitter.
	if even := c.evenly(); even > 0 {
		*p = pace{every: min(p.every, even+even/16), least: 32, fails: 3}
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
	p.fails = min(p.fails+1, mostFails)
	p.raise = p.least
}

func (p *pace) slow() {
	raise := p.raise
	p.every += p.every / raise
	p.settle()
	p.raise = raise
}

func (p *pace) settle() { p.raise, p.peak, p.lowest = p.least, p.every, p.every/2 }

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
	at := c.last + p.every
	if c.unknown > 0 && p.every > 2*c.trip.shortest {
		at = max(at, c.flight[len(c.flight)-1].sent+c.trip.guard())
	}
	if counted, ok := c.log.last(1); ok {
		at = max(at, counted+p.every-c.trip.shortest)
	}
	return at
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
