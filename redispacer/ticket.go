package redispacer

import (
	"context"
	"time"

	"github.com/usersync/usersync/backoff"
)

// ticket is the place of one call in the queue of its process.
type ticket struct {
	class    *class
	number   uint64    // order of the first Wait
	queuedAt time.Time // of the first Wait
	waitFrom time.Time // of this Wait
	deadline time.Time // zero: none
	byCtx    bool      // deadline is that of the context
	checked  bool      // the deadline was compared with the wait that the store expects
	decided  chan error
	grant    *request // the request that may be sent, while in flight
}

// Wait implements [backoff.Ticket].
func (t *ticket) Wait(ctx context.Context, atMost time.Duration) error {
	c := t.class
	if err := ctx.Err(); err != nil {
		return &backoff.WaitError{Err: err}
	}
	c.enqueue(t, ctx, atMost)
	var expired <-chan time.Time
	if !t.deadline.IsZero() && !t.byCtx {
		timer := time.NewTimer(t.deadline.Sub(t.waitFrom))
		defer timer.Stop()
		expired = timer.C
	}
	var err error
	select {
	case err = <-t.decided:
	case <-ctx.Done():
		err = c.withdraw(t, &backoff.WaitError{Err: ctx.Err()})
	case <-expired:
		err = c.withdraw(t, &backoff.WaitError{MinWait: t.deadline.Sub(t.waitFrom)})
	case <-c.pacer.closed.Done():
		err = c.withdraw(t, errClosed)
	}
	c.observe(backoff.Event{Waited: c.pacer.now().Sub(t.waitFrom)})
	return err
}

// Done implements [backoff.Ticket].
func (t *ticket) Done(status int, retryAfter time.Duration) {
	t.class.done(t, status, max(0, retryAfter))
}
