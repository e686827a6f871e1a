package backoff

import (
	"context"
	"time"
)

// ticket is one call. Its fields belong to the lock of its class, but for ready.
type ticket struct {
	class           *class
	number          uint64        // place among the calls of the class, from 1
	next, prev      *ticket       // in the queue
	decided         chan struct{} // a departure or a refusal; made when first queued
	rejection       *WaitError    // why ready came, nil for a departure
	deadline        int64         // it must have left by then
	queuedAt        int64         // when it was queued
	sent            int64
	explorationAge  int64 // of the place in a learned window that it took
	queued          bool
	contextDeadline bool        // latest is the deadline of the context
	reusedConn      bool        // an idle connection was there: its round trip holds no handshake
	countedEarly    bool        // counted before its answer came
	exploration     exploration // how it left
}

// Wait implements [Ticket].
func (t *ticket) Wait(ctx context.Context, atMost time.Duration) error {
	if err := ctx.Err(); err != nil {
		return &WaitError{Err: err}
	}
	c := t.class
	c.mu.Lock()
	now := c.now()
	if t.number == 0 {
		c.lastNumber++
		t.number = c.lastNumber
	}
	if c.queue.isFirst(t) && c.waitTime(now) == 0 {
		if len(c.inFlight) == 0 {
			c.learned.idleTime += now - c.lastActivity
		}
		c.markSent(t, now)
		c.mu.Unlock()
		return nil
	}
	t.setDeadline(ctx, atMost, now)
	if e := c.enqueue(t, now); e != nil {
		c.mu.Unlock()
		if c.observe != nil {
			c.observe(Event{Methods: c.methods})
		}
		return e
	}
	limit := t.deadline
	c.mu.Unlock()
	return t.awaitDecision(ctx, limit-now)
}

// setDeadline notes by when t must have left.
func (t *ticket) setDeadline(ctx context.Context, atMost time.Duration, now int64) {
	t.deadline, t.contextDeadline = noDeadline, false
	if atMost > 0 {
		t.deadline = addCappedTime(now, int64(atMost))
	}
	if end, ok := ctx.Deadline(); ok {
		if at := int64(end.Sub(t.class.start)); at < t.deadline {
			t.deadline, t.contextDeadline = at, true
		}
	}
}

// awaitDecision waits for the class to decide about the queued t, for at most limit.
func (t *ticket) awaitDecision(ctx context.Context, limit int64) error {
	var expired <-chan time.Time
	if !t.contextDeadline && limit < noDeadline/2 {
		timer := time.NewTimer(time.Duration(limit))
		defer timer.Stop()
		expired = timer.C
	}
	var ended error
	select {
	case <-t.decided:
		if t.rejection == nil && t.class.observe == nil {
			return nil // it has left, and nobody wants to know
		}
	case <-ctx.Done():
		ended = ctx.Err()
	case <-expired:
	}
	return t.class.finishWait(t, ended)
}

// Done implements [Ticket].
func (t *ticket) Done(status int, retryAfter time.Duration) {
	t.class.finish(t, status, max(0, retryAfter))
}
