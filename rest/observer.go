package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/waitlimit"
)

// An Observer receives the events of calls, for traces and metrics (WithObserver).
// Observe runs in the goroutine of the call and must be safe for concurrent use. What
// it returns for [OperationStarted] and [AttemptStarted] is the context of everything
// until their end; for other events it is ignored. Nil means ctx.
type Observer interface {
	Observe(ctx context.Context, e Event) context.Context
}

// EventKind is the kind of an [Event].
type EventKind int

// The kinds of events. Every event that starts something is followed by the one that
// ends it, in the same goroutine.
const (
	// OperationStarted and OperationEnded: a method of a provider's client, or a
	// request through API(). An operation may need several requests.
	OperationStarted EventKind = iota + 1
	OperationEnded
	AttemptStarted // one HTTP request
	AttemptEnded
	WaitStarted // a wait before an attempt, possibly of no duration
	WaitEnded
	// The other kinds are reported once for each operation and name in a process.
	UnknownField      // a response contains a field that the spec does not
	UnknownValue      // a field has a value that is not in the enum of the spec
	DeprecationHeader // a response has the header Deprecation or Sunset
)

// The reasons of waits.
const (
	WaitQuota      = "quota"       // in the queue of the pacer, for the quota or after a 429
	WaitRetryAfter = "retry-after" // as long as the server asked for
	WaitBackoff    = "backoff"     // before a retry, with exponential backoff
	WaitOutage     = "outage"      // a pause of upsert.All, reported with the first request after it
)

// CallInfo identifies a request.
type CallInfo struct {
	Provider  string // "identifai", "partoo", "usercom"
	Operation string // "UpsertUser"; empty for requests through API()
	Attempt   int    // number of the attempt, from 1; 0 before the first one
}

// Event describes one event. Fields that do not belong to its kind are zero. No field
// contains a key, an email or a body, except possibly Err: see [Error].
type Event struct {
	CallInfo
	Kind EventKind

	// Of an attempt.
	Method     string
	Origin     string // "https://host"
	Path       string // without the query
	Template   string // Path with "{id}" in place of ids, for use as an attribute of metrics
	StatusCode int    // 0 if there was no response

	// Outcome is the result of an ended operation: "created", "updated" or
	// "unchanged" for an upsert, "success" for other operations, "failed" with Err.
	Outcome  string
	Class    string        // of the failure of an ended attempt or operation: "user", "service" or "configuration"
	Err      error         // of an ended attempt or operation
	Reason   string        // why a call waits: WaitQuota, WaitRetryAfter, WaitBackoff, WaitOutage
	Duration time.Duration // of an ended operation, attempt or wait
	Name     string        // path of the field, or name of the header, that is unknown
}

// CallFrom returns the operation and the attempt of a request, for use in the
// RoundTripper of WithHTTPClient. ok is false for the context of another request.
func CallFrom(ctx context.Context) (info CallInfo, ok bool) {
	if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
		return a.info, true
	}
	return CallInfo{}, false
}

func (x *callState) info() CallInfo {
	return CallInfo{Provider: x.client.provider, Operation: x.call.Operation, Attempt: x.attempts}
}

// observe reports e to the observer, if there is one, and returns the context of what
// follows.
func (x *callState) observe(ctx context.Context, e Event) context.Context {
	if x.client.observer == nil {
		return ctx
	}
	e.CallInfo = x.info()
	return cmp.Or(x.client.observer.Observe(ctx, e), ctx)
}

// attemptEvent returns the AttemptStarted event of the current attempt.
func (x *callState) attemptEvent() Event {
	path := x.redact(x.path)
	e := Event{Kind: AttemptStarted, Method: x.method, Origin: x.client.origin, Path: path, Template: templateOf(path)}
	if strings.Contains(e.Path, "@") {
		e.Path = e.Template // an id may be an email
	}
	return e
}

// observeAttemptEnd reports the end of an attempt that started with the event e.
func (x *callState) observeAttemptEnd(ctx context.Context, e Event, resp *http.Response, err *Error, took time.Duration) {
	e.Kind, e.Duration = AttemptEnded, took
	switch {
	case err != nil:
		e.Err, e.StatusCode = err, err.StatusCode
		e.Class, _ = err.FailureClass()
	case resp != nil:
		e.StatusCode = resp.StatusCode
	}
	x.observe(ctx, e)
}

// templateOf replaces the ids in a path by "{id}", so that the number of different
// results is small.
func templateOf(path string) string {
	template := path
	for segment := range strings.SplitSeq(path, "/") {
		if isID(segment) {
			template = strings.Replace(template, "/"+segment, "/{id}", 1)
		}
	}
	return template
}

// isID reports whether a segment of a path is an id. Others consist of lower-case
// letters, underscores and hyphens, or are a version such as "v2".
func isID(segment string) bool {
	number, isVersion := strings.CutPrefix(segment, "v")
	if isVersion && strings.Trim(number, "0123456789") == "" {
		return false
	}
	return len(segment) > 24 || strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz_-") != ""
}

// StartOperation is [WithCall] for an operation that may need several requests, so
// that an Observer sees one operation. end must be called at its end; outcome is that
// of an upsert, or nil.
func (c *Client) StartOperation(ctx context.Context, call Call) (_ context.Context, end func(outcome fmt.Stringer, err error)) {
	ctx = WithCall(ctx, call)
	if !c.usable() || c.observer == nil || callFrom(ctx).started {
		return ctx, func(fmt.Stringer, error) {}
	}
	x := &callState{client: c, ctx: ctx, call: callFrom(ctx)}
	x.startOperation()
	x.call.started = true
	return context.WithValue(x.ctx, callKey{}, x.call), x.endOperation
}

// startOperation reports the start of an operation.
func (x *callState) startOperation() {
	x.ctx = x.observe(x.ctx, Event{Kind: OperationStarted})
	if pause := waitlimit.From(x.ctx).TakePause(); pause > 0 {
		x.observe(x.ctx, Event{Kind: WaitStarted, Reason: WaitOutage})
		x.observe(x.ctx, Event{Kind: WaitEnded, Reason: WaitOutage, Duration: pause})
	}
	x.start = time.Now()
}

// endOperation reports the end of an operation. outcome is nil if it is not an upsert.
func (x *callState) endOperation(outcome fmt.Stringer, err error) {
	e := Event{Kind: OperationEnded, Outcome: "success", Duration: time.Since(x.start)}
	if outcome != nil {
		e.Outcome = outcome.String()
	}
	if err != nil {
		e.Outcome, e.Err, e.Class = "failed", err, classUser
		if classified, ok := errors.AsType[classifiedError](err); ok {
			e.Class, _ = classified.FailureClass()
		}
	}
	x.observe(x.ctx, e)
}

// classifiedError is implemented by *Error, and by errors of provider packages.
type classifiedError interface {
	error
	FailureClass() (class string, suspected bool)
}
