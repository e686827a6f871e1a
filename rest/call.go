package rest

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/usersync/usersync/backoff"
)

// Call describes the requests made with a context. A request without one, as made
// through API(), is treated by the rules of its method.
type Call struct {
	Operation  string // name in errors and logs, for example "UpsertUser"
	Idempotent bool   // may be sent twice, although the method does not say so
	NoRetry    bool   // never sent again, not even after a 429
	Create     bool   // names no existing user: a 404 can only mean that the URL is wrong
	// Secrets are removed from errors and logs if the server repeats them, in
	// responses to all requests made with the context.
	Secrets []Secret

	nilContext bool
	started    bool // by StartOperation
}

type (
	callKey   struct{}
	policyKey struct{}
)

// WithRetryPolicy replaces the retry policy of the client for the calls with the
// returned context. Calls with an invalid policy fail. Their time is limited by the
// deadline of ctx.
func WithRetryPolicy(ctx context.Context, policy backoff.Policy) context.Context {
	return context.WithValue(ctx, policyKey{}, policy)
}

// WithCall attaches call to ctx. It replaces an earlier Call of ctx, but keeps its
// Secrets: an error of a lookup must not contain the password of the upsert. If
// ctx is nil, requests with the returned context fail.
func WithCall(ctx context.Context, call Call) context.Context {
	if ctx == nil {
		ctx, call.nilContext = context.Background(), true
	}
	outer := callFrom(ctx)
	call.Secrets = slices.Concat(outer.Secrets, call.Secrets)
	call.nilContext = call.nilContext || outer.nilContext
	call.started = call.started || outer.started
	return context.WithValue(ctx, callKey{}, call)
}

func callFrom(ctx context.Context) Call {
	call, _ := ctx.Value(callKey{}).(Call)
	return call
}

// callState is the state of one call on its way through the handlers.
type callState struct {
	client  *Client
	request *http.Request // as the caller made it, without the credential
	ctx     context.Context
	call    Call
	method  string
	path    string
	policy  backoff.Policy
	start   time.Time // of the operation that is reported to the observer

	header http.Header   // set by headers
	body   io.ReadCloser // of the next attempt

	last     *Error        // of the attempt before, nil for the first one
	executed Executed      // by any attempt so far
	waited   time.Duration // by all waits so far

	ticket     backoff.Ticket // of the call
	ticketOpen bool           // an attempt has it and has not completed it
	noTicket   bool           // the pacer did not allow another attempt

	attempts int
	attempt  *attempt // the current one

	response bufferedBody // the body that is returned, if any
}

func (c *Client) newCallState(req *http.Request) *callState {
	ctx := req.Context()
	return &callState{
		client: c, request: req, ctx: ctx, call: callFrom(ctx), policy: c.policyFor(ctx),
		method: req.Method, path: req.URL.Path, body: req.Body,
	}
}

// isIdempotent reports whether the request may be sent again if its outcome is unknown.
func (x *callState) isIdempotent() bool {
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}
	return x.call.Idempotent || slices.Contains(methods, x.method)
}

// newError returns an Error of the call. executed is what the current attempt did.
func (x *callState) newError(executed Executed, cause error) *Error {
	e := &Error{
		Provider: x.client.provider, Operation: x.call.Operation, Method: x.method, Path: x.redact(x.path),
		Attempts: x.attempts, Executed: max(executed, x.executed),
	}
	if cause != nil {
		e.setCause(cause, x)
	}
	return e
}

// newResponseError returns the error of a response: of one that is not a 2xx if cause
// is nil, and otherwise of one that cannot be used.
func (x *callState) newResponseError(resp *http.Response, body []byte, cause error) *Error {
	e := x.newError(executedForStatus(resp.StatusCode), cause)
	e.StatusCode = resp.StatusCode
	e.Body = body[:min(len(body), maxErrorBody)]
	e.Header = x.filterHeaders(resp.Header)
	if cause == nil {
		e.readMessages(resp, x)
		e.RetryAfter = retryAfterOf(resp)
	}
	return e
}
