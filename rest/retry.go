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

var (
	errRetryAfterTooLong = errors.New("the server asks for a longer wait than the retry policy allows")
	errMaxWaitReached    = errors.New("the retry policy allows this call no further waiting")
)

// retry sends req until it succeeds, fails for good, or may not wait any longer.
// The error it returns then is the last answer, whole.
func (c *Client) retry(req *http.Request, header http.Header, x *callState) (*http.Response, error) {
	var failures, refusals int
	var waited time.Duration
	body := req.Body
	turn := c.pacer.Ticket(req.Method)
	var e *Error
	for {
		paced, err := c.waitForPacer(req.Context(), turn, x, e, waited)
		if err != nil {
			if body != nil {
				_ = body.Close()
			}
			return nil, err
		}
		waited += paced
		var resp *http.Response
		if resp, e = c.sendAttempt(req, header, body, turn, x); e == nil {
			return resp, nil
		}
		if !c.shouldRetry(req, x, e) {
			return nil, e
		}
		throttled := e.StatusCode == http.StatusTooManyRequests
		n := &failures
		if throttled {
			n = &refusals
		}
		*n++
		if failures >= c.policy.MaxAttempts {
			return nil, e
		}
		if throttled && c.pacer.Handles429() {
			err = c.allowPacerWait(req.Context(), x, e)
		} else {
			wait := c.policy.Delay(*n, e.RetryAfter)
			err = c.waitBeforeRetry(req.Context(), x, e, wait, waited)
			waited += wait
		}
		if err != nil {
			return nil, err
		}
		x.maybeExecuted = x.maybeExecuted || e.Executed != ExecutedNo
		if body, err = rewind(req); err != nil {
			e.setCause(err, x)
			return nil, e
		}
	}
}

// shouldRetry reports whether req may be sent again after e.
func (c *Client) shouldRetry(req *http.Request, x *callState, e *Error) bool {
	if x.call.NoRetry || req.Context().Err() != nil || !canRewind(req) {
		return false
	}
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		return true // refused before anything was done, whatever the method
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return x.call.isIdempotent(req.Method)
	case 0:
		return !isPermanent(e.Err) && (e.Executed == ExecutedNo || x.call.isIdempotent(req.Method))
	}
	return e.truncated && x.call.isIdempotent(req.Method)
}

// waitBeforeRetry waits before the next attempt. A wait that the policy forbids, that the
// context has no time for, or that the context ends gives e back with the
// reason as its cause.
func (c *Client) waitBeforeRetry(ctx context.Context, x *callState, e *Error, wait, waited time.Duration) error {
	var reason error
	switch {
	case e.RetryAfter > c.policy.MaxRetryAfter:
		reason = errRetryAfterTooLong
	case c.policy.MaxWait >= 0 && wait > c.policy.MaxWait-waited:
		reason = errMaxWaitReached
	case !backoff.FitsDeadline(ctx, wait):
		reason = fmt.Errorf("not waiting %v, the deadline is sooner: %w", wait.Round(time.Millisecond), context.DeadlineExceeded)
	}
	if reason == nil {
		c.logWait(ctx, x, e, wait)
		if backoff.Sleep(ctx, wait) != nil {
			reason = contextError(ctx)
		}
	}
	if reason == nil {
		return nil
	}
	if e.StatusCode == http.StatusTooManyRequests && e.RetryAfter == 0 {
		e.RetryAfter = wait
	}
	e.setCause(errors.Join(e.Err, reason), x)
	return e
}

// canRewind reports whether the body of req, if any, can be sent again.
func canRewind(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// rewind returns the body of req anew.
func rewind(req *http.Request) (io.ReadCloser, error) {
	if req.GetBody == nil {
		return req.Body, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, fmt.Errorf("rewinding the request body: %w", err)
	}
	return body, nil
}
