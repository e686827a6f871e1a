package backoff

import (
	"cmp"
	"context"
	"time"
)

// request is one attempt of a call, as the parts of a class see it.
type request struct {
	sent        int64
	reusedConn  bool  // an idle connection existed: the round trip contains no handshake
	idle        int64 // how long no request had been in flight or waiting before
	exploration exploration
}

// ticket is one call. The lock of its class protects its fields, except decided.
type ticket struct {
	request
	class        *class
	number       uint64     // position among the calls of the class, from 1
	decided      chan error // receives nil when the request is sent, or why it is rejected; made when first queued
	deadline     int64      // latest time to send
	queuedAt     int64
	queued       bool
	lateErr      error // of a rejection: context.DeadlineExceeded if deadline is that of the context
	countedEarly bool  // counted before its response arrived
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
	c.enqueue(t, now)
	c.mu.Unlock()
	return t.waitForDecision(ctx)
}

// setDeadline sets the latest time to send t.
func (t *ticket) setDeadline(ctx context.Context, atMost time.Duration, now int64) {
	t.deadline, t.lateErr = noDeadline, nil
	if atMost > 0 {
		t.deadline = addCappedTime(now, int64(atMost))
	}
	if end, ok := ctx.Deadline(); ok {
		if at := int64(end.Sub(t.class.start)); at < t.deadline {
			t.deadline, t.lateErr = at, context.DeadlineExceeded
		}
	}
}

// waitForDecision waits until the class sends or rejects the queued t, or until its deadline.
func (t *ticket) waitForDecision(ctx context.Context) error {
	c := t.class
	limited, cancel := context.WithDeadline(ctx, c.start.Add(time.Duration(t.deadline)))
	defer cancel()
	var err error
	select {
	case err = <-t.decided:
	case <-limited.Done():
		err = c.endWait(t, cmp.Or(ctx.Err(), t.lateErr))
	}
	if c.observe != nil {
		c.observeWait(t, err == nil)
	}
	return err
}

// Done implements [Ticket].
func (t *ticket) Done(status int, retryAfter time.Duration) {
	t.class.finish(t, status, max(0, retryAfter))
}
