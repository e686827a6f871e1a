package rest

import (
	"context"
	"errors"
)

// WaitRetry is the wait before a provider's package sends by itself what Do may not
// repeat, having made sure that this does no harm. err is the n-th failure in a
// row (n counts from 1). It is returned, with the reason, when the retry rules or
// the deadline of ctx leave no room for another attempt, or when ctx ends. ctx
// carries the [Call].
func (c *Client) WaitRetry(ctx context.Context, err error, n int) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || n >= c.policy.MaxAttempts {
		return err
	}
	x := &callState{client: c, call: callFrom(ctx), method: e.Method, path: e.Path, attempts: e.Attempts}
	return c.waitBeforeRetry(ctx, x, e, c.policy.Delay(n, e.RetryAfter), 0)
}
