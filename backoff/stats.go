package backoff

import "time"

// Event is what a pacer's Observe function is told: that a request has waited,
// or that one was refused.
type Event struct {
	// Methods are those of the class, none for the class of all others.
	Methods []string
	// Refused tells a 429 from a wait.
	Refused bool
	// Waited is how long the request waited, whether it was let go or not: 0 for
	// one that was told at once that its turn comes too late.
	Waited time.Duration
	// RetryAfter is the wait that came with the 429, 0 if none did.
	RetryAfter time.Duration
	// Until is when the next request of the class may leave after a 429.
	Until time.Time
}

// Stats is the state of one class of a [QuotaPacer].
type Stats struct {
	Methods  []string  // of the class, none for all others
	Quotas   []Quota   // in force, after Share
	Queued   int       // waiting for their turn
	InFlight int       // sent, not answered yet
	Until    time.Time // when the next in the queue may leave, zero when nobody waits for the clock
	Sent     uint64    // requests let go so far
	Refused  uint64    // 429s so far
	// Learned is the window that refusals taught, N 0 if none.
	Learned Quota
	// Pace is the distance between requests that refusals taught, 0 if none.
	Pace time.Duration
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
		Methods: c.methods, Quotas: c.quotas, Queued: c.queue.length, InFlight: len(c.flight),
		Sent: c.left, Refused: c.refused,
		Learned: Quota{N: c.learned.window.limit, Per: time.Duration(c.learned.window.span)}, Pace: time.Duration(c.learned.pace.every),
	}
	if c.queue.head != nil && c.wakeAt != forever {
		s.Until = c.start.Add(time.Duration(c.wakeAt))
	}
	return s
}
