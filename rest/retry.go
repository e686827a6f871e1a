package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/waitlimit"
)

var (
	errRetryAfterTooLong = errors.New("Retry-After exceeds MaxRetryAfter")
	errMaxWaitReached    = errors.New("maximum total wait reached (MaxWait)")
)

// retry sends the request until it succeeds, fails for good, or must not wait
// longer. The error is then that of the last attempt.
func (c *Client) retry(next handler) handler {
	return func(x *callState) (*http.Response, *Error) {
		failures, rateLimited := 0, 0
		_, inRun := waitlimit.From(x.ctx)
		for {
			resp, e := next(x)
			if e == nil || !x.shouldRetry(e) {
				return resp, e
			}
			x.last, x.executed = e, e.Executed
			n := &failures
			if e.StatusCode == http.StatusTooManyRequests {
				n = &rateLimited
			}
			*n++
			attempts := failures
			if inRun && e.RetryAfter == 0 {
				attempts += rateLimited // the run tries another user, in case it is only this one
			}
			if attempts >= x.policy.MaxAttempts || !c.waitBeforeRetry(x, e, *n) {
				return nil, e
			}
			body, err := rewind(x.request)
			if err != nil {
				e.setCause(err, x)
				return nil, e
			}
			x.body = body
		}
	}
}

// shouldRetry reports whether the request may be sent again after e.
func (x *callState) shouldRetry(e *Error) bool {
	if x.call.NoRetry || x.noTicket || x.ctx.Err() != nil || !canRewind(x.request) {
		return false
	}
	switch e.StatusCode {
	case http.StatusTooManyRequests:
		return true // rejected before execution, so safe for any method
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		520, 521, 522, 523, 524, 525, 526, 527, 530: // of Cloudflare, when the origin does not respond
		return x.isIdempotent()
	case 0:
		return !isBadCertificate(e.Err) && (e.Executed == ExecutedNo || x.isIdempotent())
	}
	return e.truncated && x.isIdempotent()
}

// waitBeforeRetry waits before the next attempt after e, the n-th failure of its
// kind. It returns false, with the reason as the cause of e, if the policy or the
// deadline allows no further attempt, or if the context ends.
//
// After a 429 a pacer that handles it makes all callers wait: then this function
// only checks that the server does not ask for more than the policy allows.
func (c *Client) waitBeforeRetry(x *callState, e *Error, n int) bool {
	wait := time.Duration(0)
	if e.StatusCode != http.StatusTooManyRequests || !c.pacer.Handles429() {
		wait = x.policy.Delay(n, e.RetryAfter)
	}
	var reason error
	switch {
	case e.RetryAfter > x.policy.MaxRetryAfter:
		reason = errRetryAfterTooLong
	case x.policy.MaxWait >= 0 && wait > x.policy.MaxWait-x.waited:
		reason = errMaxWaitReached
	case wait > 0 && !backoff.FitsDeadline(x.ctx, wait):
		reason = fmt.Errorf("not waiting %v: deadline is sooner: %w", wait.Round(time.Millisecond), context.DeadlineExceeded)
	default:
		c.logWait(x, e, max(wait, e.RetryAfter))
		reason = x.sleep(e, wait)
	}
	if reason == nil {
		x.waited += wait
		return true
	}
	if e.StatusCode == http.StatusTooManyRequests && e.RetryAfter == 0 {
		e.RetryAfter = wait
	}
	e.setCause(errors.Join(e.Err, reason), x)
	return false
}

// sleep waits for d after e. It returns an error if the context ends.
func (x *callState) sleep(e *Error, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	reason := WaitBackoff
	if e.RetryAfter > 0 {
		reason = WaitRetryAfter
	}
	start := time.Now()
	x.observeWaitStart(reason)
	defer func() { x.observeWaitEnd(reason, time.Since(start)) }()
	if backoff.Sleep(x.ctx, d) != nil {
		return contextError(x.ctx)
	}
	return nil
}

// WaitRetry waits before a provider package sends a request again that Do does not
// retry. err is the n-th consecutive failure (n ≥ 1). It returns err, joined with
// the reason, if the retry policy or the deadline of ctx allows no further
// attempt, or if ctx ends.
func (c *Client) WaitRetry(ctx context.Context, err error, n int) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !c.usable() {
		return err
	}
	x := &callState{client: c, ctx: ctx, call: callFrom(ctx), policy: c.policyFor(ctx), method: e.Method, path: e.Path, attempts: e.Attempts}
	if n >= x.policy.MaxAttempts {
		return err
	}
	if !c.waitBeforeRetry(x, e, n) {
		return e
	}
	return nil
}

// policyFor returns the retry policy of the calls with ctx. In a run of upsert.All
// the limit of the run replaces MaxWait and MaxRetryAfter of any policy.
func (c *Client) policyFor(ctx context.Context) backoff.Policy {
	policy := c.policy
	if p, ok := ctx.Value(policyKey{}).(backoff.Policy); ok {
		policy = p.WithDefaults()
	}
	if waitlimit.InPause(ctx) {
		policy.MaxAttempts = 1 // the pause is the wait between attempts
	}
	if limit, ok := waitlimit.From(ctx); ok {
		policy.MaxWait, policy.MaxRetryAfter = limit, limit
		if limit < 0 {
			policy.MaxRetryAfter = math.MaxInt64
		}
	}
	return policy
}

// canRewind reports whether the body of req, if any, can be sent again.
func canRewind(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// rewind returns the body of req for another attempt.
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
