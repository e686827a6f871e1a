package rest

import (
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

// callState is one call as errors and logs tell of it: what was asked, and how
// often it has been sent so far.
type callState struct {
	client   *Client
	request  *http.Request // as the caller made it, without the credential
	call     Call
	method   string
	path     string
	attempts int
	// ticket is that of the attempt under way, nil once the pacer knows its end.
	ticket backoff.Ticket
	// maybeExecuted is set once an attempt may have been executed without an answer
	// to prove it. Later answers cannot take that back.
	maybeExecuted bool
	body          bufferedBody // the one that is handed out, if any
}

func (c *Client) newCallState(req *http.Request) *callState {
	return &callState{client: c, request: req, call: callFrom(req.Context()), method: req.Method, path: req.URL.Path}
}

// newError starts an Error with what the exchange knows.
func (x *callState) newError(executed Executed) *Error {
	if x.maybeExecuted && executed == ExecutedNo {
		executed = ExecutedMaybe
	}
	e := &Error{Method: x.method, Path: x.redact(x.path), Attempts: x.attempts, Executed: executed, Operation: x.call.Operation}
	if x.client != nil {
		e.Provider = x.client.provider
	}
	return e
}

// transportError is the error of an attempt that brought no answer.
func (x *callState) transportError(cause error, executed Executed) *Error {
	e := x.newError(executed)
	e.setCause(cause, x)
	return e
}

// statusError is the error of an answer that is not a 2xx.
func (x *callState) statusError(resp *http.Response, body []byte, now time.Time) *Error {
	e := x.newError(executedForStatus(resp.StatusCode))
	e.StatusCode = resp.StatusCode
	e.Body = body
	e.Header = x.filterHeaders(resp.Header)
	e.Message, e.Fields = x.readMessages(resp, body)
	e.RetryAfter = retryAfterOf(resp, now)
	return e
}

// responseError is the error of a 2xx answer that cannot be used.
func (x *callState) responseError(resp *http.Response, body []byte, cause error) *Error {
	e := x.newError(ExecutedYes)
	e.StatusCode = resp.StatusCode
	e.Body = body
	e.Header = x.filterHeaders(resp.Header)
	e.setCause(cause, x)
	return e
}

// executedForStatus tells from a status whether the server acted. A 4xx is a refusal;
// 408 may come from a proxy that had passed the request on; a redirect after a
// POST often means that the work is done.
func executedForStatus(status int) Executed {
	switch {
	case status >= 200 && status < 300:
		return ExecutedYes
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return ExecutedNo
	}
	return ExecutedMaybe
}
