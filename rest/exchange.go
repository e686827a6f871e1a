package rest

import (
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

// exchange is one call as errors and logs tell of it: what was asked, and how
// often it has been sent so far.
type exchange struct {
	client   *Client
	request  *http.Request // as the caller made it, without the credential
	call     Call
	method   string
	path     string
	attempts int
	// turn is that of the attempt under way, nil once the pacer knows its end.
	turn backoff.Turn
	// doubtful is set once an attempt may have been executed without an answer
	// to prove it. Later answers cannot take that back.
	doubtful bool
	answer   answer // the one that is handed out, if any
}

func (c *Client) exchange(req *http.Request) *exchange {
	return &exchange{client: c, request: req, call: callOf(req.Context()), method: req.Method, path: req.URL.Path}
}

// newError starts an Error with what the exchange knows.
func (x *exchange) newError(executed Executed) *Error {
	if x.doubtful && executed == ExecutedNo {
		executed = ExecutedMaybe
	}
	e := &Error{Method: x.method, Path: x.scrub(x.path), Attempts: x.attempts, Executed: executed, Operation: x.call.Operation}
	if x.client != nil {
		e.Provider = x.client.provider
	}
	return e
}

// failure is the error of an attempt that brought no answer.
func (x *exchange) failure(cause error, executed Executed) *Error {
	e := x.newError(executed)
	e.setCause(cause, x)
	return e
}

// refusal is the error of an answer that is not a 2xx.
func (x *exchange) refusal(resp *http.Response, body []byte, now time.Time) *Error {
	e := x.newError(executedBy(resp.StatusCode))
	e.StatusCode = resp.StatusCode
	e.Body = body
	e.Header = x.harmless(resp.Header)
	e.Message, e.Fields = x.readMessages(resp, body)
	e.RetryAfter = wishOf(resp, now)
	return e
}

// unusable is the error of a 2xx answer that cannot be used.
func (x *exchange) unusable(resp *http.Response, body []byte, cause error) *Error {
	e := x.newError(ExecutedYes)
	e.StatusCode = resp.StatusCode
	e.Body = body
	e.Header = x.harmless(resp.Header)
	e.setCause(cause, x)
	return e
}

// executedBy tells from a status whether the server acted. A 4xx is a refusal;
// 408 may come from a proxy that had passed the request on; a redirect after a
// POST often means that the work is done.
func executedBy(status int) Executed {
	switch {
	case status >= 200 && status < 300:
		return ExecutedYes
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return ExecutedNo
	}
	return ExecutedMaybe
}
