package rest

import (
	"context"
	"errors"
	"fmt"
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
		inRun := waitlimit.From(x.ctx) != nil
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
			if inRun {
				attempts += rateLimited // the run tries another user, in case it is only this one
			}
			if attempts >= x.policy.MaxAttempts || !c.waitBeforeRetry(x, e, *n) {
				return nil, e
			}
			if x.request.GetBody != nil {
				body, err := x.request.GetBody()
				if err != nil {
					e.setCause(fmt.Errorf("rewinding the request body: %w", err), x)
					return nil, e
				}
				x.body = body
			}
		}
	}
}

// shouldRetry reports whether the request may be sent again after e.
func (x *callState) shouldRetry(e *Error) bool {
	req := x.request
	canRewind := req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
	if x.call.NoRetry || x.noTicket || x.ctx.Err() != nil || !canRewind {
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
	waitlimit.From(x.ctx).SetFailed()
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
		x.logWait(e, max(wait, e.RetryAfter))
		if wait <= 0 {
			return true
		}
		kind := WaitBackoff
		if e.RetryAfter > 0 {
			kind = WaitRetryAfter
		}
		if x.wait(kind, func() error { return backoff.Sleep(x.ctx, wait) }) == nil {
			return true
		}
		reason = contextError(x.ctx)
	}
	if e.StatusCode == http.StatusTooManyRequests && e.RetryAfter == 0 {
		e.RetryAfter = wait
	}
	e.setCause(errors.Join(e.Err, reason), x)
	return false
}

// wait calls f, which waits for the reason, and adds the time to the waits of the call.
func (x *callState) wait(reason string, f func() error) error {
	start := time.Now()
	x.observe(x.ctx, Event{Kind: WaitStarted, Reason: reason})
	err := f()
	took := time.Since(start)
	x.waited += took
	x.observe(x.ctx, Event{Kind: WaitEnded, Reason: reason, Duration: took})
	return err
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
	if n >= x.policy.MaxAttempts || !c.waitBeforeRetry(x, e, n) {
		return err
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
	if limits := waitlimit.From(ctx); limits != nil {
		policy.MaxWait, policy.MaxRetryAfter = limits.MaxWait, limits.MaxWait
		if limits.MaxWait < 0 {
			policy.MaxRetryAfter = math.MaxInt64
		}
		if limits.MaxAttempts > 0 {
			policy.MaxAttempts = min(policy.MaxAttempts, limits.MaxAttempts)
		}
	}
	return policy
}
