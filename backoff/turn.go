package backoff

import (
	"context"
	"time"
)

// turn is one call. Its fields belong to the lock of its class, but for ready.
type turn struct {
	class      *class
	number     uint64        // place among the calls of the class, from 1
	next, prev *turn         // in the queue
	ready      chan struct{} // a departure or a refusal; made when first queued
	refusal    *WaitError    // why ready came, nil for a departure
	latest     int64         // it must have left by then
	joined     int64         // when it was queued
	sent       int64
	age        int64 // of the place in a learned window that it took
	queued     bool
	byContext  bool  // latest is the deadline of the context
	warm       bool  // an idle connection was there: its round trip holds no handshake
	logged     bool  // counted before its answer came
	trial      trial // how it left
}

// Wait implements [Turn].
func (t *turn) Wait(ctx context.Context, atMost time.Duration) error {
	if err := ctx.Err(); err != nil {
		return &WaitError{Err: err}
	}
	c := t.class
	c.mu.Lock()
	now := c.now()
	if t.number == 0 {
		c.issued++
		t.number = c.issued
	}
	if c.queue.before(t) && c.delay(now) == 0 {
		if len(c.flight) == 0 {
			c.learned.idle += now - c.busy
		}
		c.depart(t, now)
		c.mu.Unlock()
		return nil
	}
	t.setLatest(ctx, atMost, now)
	if e := c.enqueue(t, now); e != nil {
		c.mu.Unlock()
		if c.observe != nil {
			c.observe(Event{Methods: c.methods})
		}
		return e
	}
	limit := t.latest
	c.mu.Unlock()
	return t.sleep(ctx, limit-now)
}

// setLatest notes by when t must have left.
func (t *turn) setLatest(ctx context.Context, atMost time.Duration, now int64) {
	t.latest, t.byContext = forever, false
	if atMost > 0 {
		t.latest = addTime(now, int64(atMost))
	}
	if end, ok := ctx.Deadline(); ok {
		if at := int64(end.Sub(t.class.start)); at < t.latest {
			t.latest, t.byContext = at, true
		}
	}
}

// sleep waits for the class to decide about the queued t, for at most limit.
func (t *turn) sleep(ctx context.Context, limit int64) error {
	var expired <-chan time.Time
	if !t.byContext && limit < forever/2 {
		timer := time.NewTimer(time.Duration(limit))
		defer timer.Stop()
		expired = timer.C
	}
	var ended error
	select {
	case <-t.ready:
		if t.refusal == nil && t.class.observe == nil {
			return nil // it has left, and nobody wants to know
		}
	case <-ctx.Done():
		ended = ctx.Err()
	case <-expired:
	}
	return t.class.leave(t, ended)
}

// Done implements [Turn].
func (t *turn) Done(status int, retryAfter time.Duration) {
	t.class.done(t, status, max(0, retryAfter))
}
