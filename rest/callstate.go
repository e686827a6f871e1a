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
	client  *Client
	request *http.Request // as the caller made it, without the credential
	ctx     context.Context
	call    Call
	method  string
	path    string
	policy  backoff.Policy

	header http.Header   // set by headers
	body   io.ReadCloser // of the next attempt

	last     *Error        // of the attempt before, nil for the first one
	executed Executed      // by any attempt so far
	waited   time.Duration // by all waits so far

	ticket     backoff.Ticket // of the call
	ticketOpen bool           // an attempt has it and has not completed it
	noTicket   bool           // the pacer did not allow another attempt

	attempts   int
	attemptCtx context.Context // of the current attempt
	attempt    attemptContext  // the outermost part of attemptCtx
	cancel     context.CancelFunc
	trace      *sendTrace

	response bufferedBody // the body that is returned, if any
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
func (x *callState) newError(executed Executed) *Error {
	e := &Error{Method: x.method, Path: x.redact(x.path), Attempts: x.attempts, Executed: max(executed, x.executed), Operation: x.call.Operation}
	if x.client != nil {
		e.Provider = x.client.provider
	}
	return e
}

// transportError returns the error of an attempt without a response.
func (x *callState) transportError(cause error, executed Executed) *Error {
	e := x.newError(executed)
	e.setCause(cause, x)
	return e
}

// statusError returns the error of a response that is not a 2xx.
func (x *callState) statusError(resp *http.Response, body []byte, now time.Time) *Error {
	e := x.errorOf(resp, body, executedForStatus(resp.StatusCode))
	e.readMessages(resp, x)
	e.RetryAfter = retryAfterOf(resp, now)
	return e
}

// responseError returns the error of a 2xx response that cannot be used.
func (x *callState) responseError(resp *http.Response, body []byte, cause error) *Error {
	e := x.errorOf(resp, body, ExecutedYes)
	e.setCause(cause, x)
	return e
}

func (x *callState) errorOf(resp *http.Response, body []byte, executed Executed) *Error {
	e := x.newError(executed)
	e.StatusCode = resp.StatusCode
	e.Body = body
	e.Header = x.filterHeaders(resp.Header)
	return e
}

// executedForStatus returns whether a request with this response status was executed. A 4xx is a
// rejection, except 408: a proxy may send it after it has forwarded the request.
// A redirect after a POST often means that it was executed.
func executedForStatus(status int) Executed {
	switch {
	case status >= 200 && status < 300:
		return ExecutedYes
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return ExecutedNo
	}
	return ExecutedMaybe
}
