package backoff

import "time"

// Event is the argument of a pacer's Observe function: a request has waited, or a 429
// has arrived.
type Event struct {
	// Methods are those of the class, none for the class of all others.
	Methods []string
	// RateLimited is true for a 429, false for a wait.
	RateLimited bool
	// Waited is how long the request waited, whether it was sent or not. It is 0 for
	// a request that was rejected immediately because it would be sent too late.
	Waited time.Duration
	// RetryAfter is the wait that the response asked for, 0 if it named none.
	RetryAfter time.Duration
	// ResumeAt is when the next request of the class may be sent.
	ResumeAt time.Time
}

// Stats is the state of one class of a [QuotaPacer].
type Stats struct {
	Methods     []string  // of the class, none for all others
	Quotas      []Quota   // in force, after Share
	Queued      int       // waiting
	InFlight    int       // sent, no response yet
	NextAt      time.Time // when the next queued request may be sent, zero if that does not depend on the clock
	Sent        uint64    // requests sent so far
	RateLimited uint64    // 429s so far
	// LearnedQuota is the quota learned from long waits after a 429, N 0 if none.
	LearnedQuota Quota
	// LearnedInterval is the average interval between requests learned from short
	// waits after a 429, 0 if none.
	LearnedInterval time.Duration
}

// Stats returns the current state of each class.
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
		Methods: c.methods, Quotas: c.quotas, Queued: len(c.queue), InFlight: len(c.inFlight),
		Sent: c.sent, RateLimited: c.rateLimited,
	}
	s.LearnedQuota, s.LearnedInterval = c.learner.learned()
	if len(c.queue) > 0 && c.timerAt != noDeadline {
		s.NextAt = c.start.Add(time.Duration(c.timerAt))
	}
	return s
}
