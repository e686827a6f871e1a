package rest

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

// callState is the state of one call on its way through the handlers, and what
// its errors and logs say about it.
type callState struct {
	client  *Client       // nil for a response that is not from a Client
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

	limited  io.LimitedReader // of the body that is being read; here to save an allocation
	response bufferedBody     // the body that is returned, if any
}

func (c *Client) newCallState(req *http.Request) *callState {
	ctx := req.Context()
	return &callState{
		client: c, request: req, ctx: ctx, call: callFrom(ctx), policy: c.policyFor(ctx),
		method: req.Method, path: req.URL.Path, body: req.Body,
	}
}

// isIdempotent reports whether the request may be sent again if its outcome is
// unknown.
func (x *callState) isIdempotent() bool {
	switch x.method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return x.call.Idempotent
}

// newError returns an Error of the call. executed is what the current attempt did.
func (x *callState) newError(executed Executed, cause error) *Error {
	e := &Error{Method: x.method, Path: x.redact(x.path), Attempts: x.attempts, Executed: max(executed, x.executed), Operation: x.call.Operation}
	if x.client != nil {
		e.Provider = x.client.provider
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
