package backoff

import "time"

// Event is what a pacer's Observe function is told: that a request has waited,
// or that one was refused.
type Event struct {
	// Methods are those of the class, none for the class of all others.
	Methods []string
	// RateLimited tells a 429 from a wait.
	RateLimited bool
	// Waited is how long the request waited, whether it was let go or not: 0 for
	// one that was told at once that its turn comes too late.
	Waited time.Duration
	// RetryAfter is the wait that came with the 429, 0 if none did.
	RetryAfter time.Duration
	// ResumeAt is when the next request of the class may leave after a 429.
	ResumeAt time.Time
}

// Stats is the state of one class of a [QuotaPacer].
type Stats struct {
	Methods     []string  // of the class, none for all others
	Quotas      []Quota   // in force, after Share
	Queued      int       // waiting for their turn
	InFlight    int       // sent, not answered yet
	NextAt      time.Time // when the next in the queue may leave, zero when nobody waits for the clock
	Sent        uint64    // requests let go so far
	RateLimited uint64    // 429s so far
	// LearnedQuota is the window that refusals taught, N 0 if none.
	LearnedQuota Quota
	// LearnedInterval is the distance between requests that refusals taught, 0 if none.
	LearnedInterval time.Duration
}

// Stats returns the state of each class at this moment.
func (p *QuotaPacer) Stats() []Stats {
	all := make([]Stats, len(p.classes))
	for i, c := range p.classes {
		all[i] = c.stats()
	}
	return all
}

func (c *class) stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{
		Methods: c.methods, Quotas: c.quotas, Queued: c.queue.length, InFlight: len(c.inFlight),
		Sent: c.sent, RateLimited: c.rateLimited,
		LearnedQuota: Quota{N: c.learned.window.limit, Per: time.Duration(c.learned.window.span)}, LearnedInterval: time.Duration(c.learned.interval.interval),
	}
	if c.queue.head != nil && c.timerAt != noDeadline {
		s.NextAt = c.start.Add(time.Duration(c.timerAt))
	}
	return s
}
