package rest

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

// pace waits until the pacer allows the next attempt. A call has one ticket for
// all its attempts, so that a retry keeps its place in the queue. Each attempt
// completes it exactly once, also if the caller's transport panics: a ticket that
// is never completed would count as in flight forever.
func (c *Client) pace(next handler) handler {
	return func(x *callState) (resp *http.Response, e *Error) {
		if x.ticket == nil {
			x.ticket = c.pacer.Ticket(x.request.Method)
		}
		if e := c.waitForPacer(x); e != nil {
			closeBody(x.body)
			return nil, e
		}
		x.ticketOpen = true
		defer func() {
			switch {
			case e != nil:
				x.completeTicket(e.StatusCode, e.RetryAfter)
			case resp != nil:
				x.completeTicket(resp.StatusCode, 0)
			default:
				x.completeTicket(0, 0)
			}
		}()
		return next(x)
	}
}

// waitForPacer waits for the ticket of the next attempt. If that is not possible
// in time, it returns the error of the previous attempt. If there is none, the error
// states that nothing was sent and contains the reason as the cause.
func (c *Client) waitForPacer(x *callState) *Error {
	limit := time.Duration(0)
	if x.policy.MaxWait >= 0 {
		limit = max(x.policy.MaxWait-x.waited, 1)
	}
	err := x.wait(WaitQuota, func() error { return x.ticket.Wait(x.ctx, limit) })
	if err == nil {
		return nil
	}
	wait, ok := errors.AsType[*backoff.WaitError](err)
	switch {
	case x.ctx.Err() != nil:
		err = fmt.Errorf("%w: %w", err, contextError(x.ctx))
	case ok && wait.Err == nil:
		err = fmt.Errorf("%w: %w", errMaxWaitReached, err)
	}
	x.noTicket = true
	e := x.last
	if e == nil {
		e = x.newError(ExecutedNo, nil)
		err = fmt.Errorf("%w: %w", ErrRateLimited, err)
	}
	if ok && e.RetryAfter == 0 {
		e.RetryAfter = wait.MinWait
	}
	e.setCause(errors.Join(e.Err, err), x)
	return e
}

// completeTicket reports the end of an attempt to the pacer, once. An error
// status is reported as soon as it is known: other requests must not be sent
// while the body arrives slowly. A request with NoRetry has limits of its own, so
// that its 429 must not make other calls wait.
func (x *callState) completeTicket(status int, retryAfter time.Duration) {
	if !x.ticketOpen {
		return
	}
	x.ticketOpen = false
	if status == http.StatusTooManyRequests && x.call.NoRetry {
		status, retryAfter = 0, 0
	}
	x.ticket.Done(status, retryAfter)
}
