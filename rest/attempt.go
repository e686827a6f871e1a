package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"sync/atomic"
	"time"
)

// attempt is one exchange with the server, and its context. net/http may use it from its
// own goroutines, also after the exchange.
type attempt struct {
	context.Context
	cancel context.CancelFunc
	info   CallInfo
	hooks  httptrace.ClientTrace
	// What the hooks recorded tells a request that was certainly not sent from one that
	// may have arrived.
	gotConn      atomic.Bool // net/http asked for a connection, so it calls the other hook too
	wroteHeaders atomic.Bool // the headers were written to a connection
}

// Value implements context.Context, for [CallFrom].
func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

type attemptKey struct{}

// attempt limits one exchange by the timeout of an attempt.
func (c *Client) attempt(next handler) handler {
	return func(x *callState) (resp *http.Response, e *Error) {
		ctx, cancel := context.WithTimeout(x.ctx, c.timeout)
		defer cancel()
		x.attempts++
		start := time.Now()
		if c.observer != nil {
			event := x.attemptEvent()
			ctx = x.observe(ctx, event)
			defer func() { x.observeAttemptEnd(ctx, event, resp, e, time.Since(start)) }()
		}
		a := &attempt{cancel: cancel, info: x.info()}
		a.hooks.GetConn = func(string) { a.gotConn.Store(true) }
		a.hooks.WroteHeaders = func() { a.wroteHeaders.Store(true) }
		a.Context = httptrace.WithClientTrace(ctx, &a.hooks)
		x.attempt = a
		resp, e = next(x)
		x.logAttempt(resp, e, time.Since(start))
		return resp, e
	}
}

// attemptCause returns why an attempt failed. A transport that is built on an
// http.Client puts the URL with its query before the reason: it is removed. An
// attempt that exceeded its own timeout does not match context.DeadlineExceeded:
// the caller's deadline has not passed.
func (x *callState) attemptCause(err error) error {
	if x.attempt.Err() != nil && x.ctx.Err() == nil {
		return fmt.Errorf("attempt timed out after %v: %w", x.client.timeout, os.ErrDeadlineExceeded)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	ended := x.ctx.Err()
	// net/http reports the cause of the context in place of its error.
	if ended != nil && (errors.Is(err, ended) || errors.Is(err, context.Cause(x.ctx))) {
		return contextError(x.ctx)
	}
	return err
}

// contextError returns the error of ctx, joined with its cause if that is another one.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return errors.Join(ctx.Err(), cause)
	}
	return ctx.Err()
}

// executedAfter returns what an attempt without a response may have done. An
// *http.Transport calls the hooks, unless it fails before it needs a connection.
// Another transport may not: then only an error of dialling proves something.
func (a *attempt) executedAfter(transport http.RoundTripper, err error) Executed {
	_, callsHooks := transport.(*http.Transport)
	op, isOp := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	notSent := callsHooks || a.gotConn.Load() || isOp && op.Op == "dial" || isDNS
	if notSent && !a.wroteHeaders.Load() {
		return ExecutedNo
	}
	return ExecutedMaybe
}
