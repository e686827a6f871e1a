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
	errWishTooLong = errors.New("the server asks for a longer wait than the retry policy allows")
	errWaitUsedUp  = errors.New("the retry policy allows this call no further waiting")
)

// retry sends req until it succeeds, fails for good, or may not wait any longer.
// The error it returns then is the last answer, whole.
func (c *Client) retry(req *http.Request, header http.Header, x *exchange) (*http.Response, error) {
	var failures, refusals int
	var waited time.Duration
	body := req.Body
	turn := c.pacer.Turn(req.Method)
	var e *Error
	for {
		paced, err := c.pace(req.Context(), turn, x, e, waited)
		if err != nil {
			if body != nil {
				_ = body.Close()
			}
			return nil, err
		}
		waited += paced
		var resp *http.Response
		if resp, e = c.fly(req, header, body, turn, x); e == nil {
			return resp, nil
		}
		if !c.repeatable(req, x, e) {
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
		if throttled && c.pacerLearns() {
			err = c.pacerWaits(req.Context(), x, e)
		} else {
			wait := c.policy.Delay(*n, e.RetryAfter)
			err = c.wait(req.Context(), x, e, wait, waited)
			waited += wait
		}
		if err != nil {
			return nil, err
		}
		x.doubtful = x.doubtful || e.Executed != ExecutedNo
		if body, err = rewind(req); err != nil {
			e.setCause(err, x)
			return nil, e
		}
	}
}

// repeatable reports whether req may be sent again after e.
func (c *Client) repeatable(req *http.Request, x *exchange, e *Error) bool {
	if x.call.Once || req.Context().Err() != nil || !rewindable(req) {
		return false
	}
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		return true // refused before anything was done, whatever the method
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return x.call.idempotent(req.Method)
	case 0:
		return !permanent(e.Err) && (e.Executed == ExecutedNo || x.call.idempotent(req.Method))
	}
	return e.cut && x.call.idempotent(req.Method)
}

// wait waits before the next attempt. A wait that the policy forbids, that the
// context has no time for, or that the context ends gives e back with the
// reason as its cause.
func (c *Client) wait(ctx context.Context, x *exchange, e *Error, wait, waited time.Duration) error {
	var reason error
	switch {
	case e.RetryAfter > c.policy.MaxRetryAfter:
		reason = errWishTooLong
	case c.policy.MaxWait >= 0 && wait > c.policy.MaxWait-waited:
		reason = errWaitUsedUp
	case !backoff.Fits(ctx, wait):
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

// rewindable reports whether the body of req, if any, can be sent again.
func rewindable(req *http.Request) bool {
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
