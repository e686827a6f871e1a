package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

// waitForPacer waits for the turn of the next attempt and returns how long that took.
// last is what the attempt before ended in, if there was one. An error is last,
// or else one that says that nothing was sent, with the reason as its cause.
func (c *Client) waitForPacer(ctx context.Context, turn backoff.Ticket, x *callState, last *Error, waited time.Duration) (time.Duration, error) {
	atMost := time.Duration(0)
	if c.policy.MaxWait >= 0 {
		atMost = max(c.policy.MaxWait-waited, 1)
	}
	began := time.Now()
	err := turn.Wait(ctx, atMost)
	if err == nil {
		return time.Since(began), nil
	}
	wait, known := errors.AsType[*backoff.WaitError](err)
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("%w: %w", err, contextError(ctx))
	case known && wait.Err == nil:
		err = fmt.Errorf("%w: %w", errMaxWaitReached, err)
	}
	if last == nil {
		last = x.newError(ExecutedNo)
		err = fmt.Errorf("%w: %w", ErrRateLimited, err)
	}
	if known && last.RetryAfter == 0 {
		last.RetryAfter = wait.MinWait
	}
	last.setCause(errors.Join(last.Err, err), x)
	return 0, last
}

// allowPacerWait leaves the wait after the 429 e to the pacer, which makes everybody
// else wait too, unless the server asks for more than the policy allows.
func (c *Client) allowPacerWait(ctx context.Context, x *callState, e *Error) error {
	if e.RetryAfter > c.policy.MaxRetryAfter {
		e.setCause(errors.Join(e.Err, errRetryAfterTooLong), x)
		return e
	}
	c.logWait(ctx, x, e, e.RetryAfter)
	return nil
}

// sendAttempt makes the attempt whose turn it is. The turn is over however that ends, a
// panic of the caller's transport included: a turn that never ends would keep
// its place among the requests under way.
func (c *Client) sendAttempt(req *http.Request, header http.Header, body io.ReadCloser, turn backoff.Ticket, x *callState) (resp *http.Response, e *Error) {
	x.ticket = turn
	defer func() {
		switch {
		case e != nil:
			x.finishAttempt(e.StatusCode, e.RetryAfter)
		case resp != nil:
			x.finishAttempt(resp.StatusCode, 0)
		default:
			x.finishAttempt(0, 0)
		}
	}()
	resp, err := c.attempt(req, header, body, x)
	e, _ = errors.AsType[*Error](err)
	return resp, e
}

// finishAttempt tells the pacer how the attempt ended, unless it knows. A request that is
// sent once and never again has limits of its own, so its refusal closes no gate.
func (x *callState) finishAttempt(status int, retryAfter time.Duration) {
	if x.ticket == nil {
		return
	}
	if status == http.StatusTooManyRequests && x.call.NoRetry {
		status, retryAfter = 0, 0
	}
	x.ticket.Done(status, retryAfter)
	x.ticket = nil
}
