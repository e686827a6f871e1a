package backoff

import (
	"context"
	"time"
)

// request is one attempt of a call, as the parts of a class see it.
type request struct {
	sent        int64
	reusedConn  bool // an idle connection existed: the round trip contains no handshake
	waited      bool // it was queued before it was sent
	exploration exploration
}

// ticket is one call. The lock of its class protects its fields, except decided.
type ticket struct {
	request
	class           *class
	number          uint64        // position among the calls of the class, from 1
	decided         chan struct{} // receives when the request is sent or rejected; made when first queued
	rejection       *WaitError    // why decided received, nil if the request was sent
	deadline        int64         // latest time to send
	queuedAt        int64
	queued          bool
	contextDeadline bool // deadline is the deadline of the context
	countedEarly    bool // counted before its response arrived
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
		c.markSent(t, now, false)
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

// setDeadline sets the latest time to send t.
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

// awaitDecision waits until the class sends or rejects the queued t, for up to limit.
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
			return nil // sent, and there is no observer
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
