package reliability

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/rest"
)

// duration is how long a call may take.
type duration struct{ min, max time.Duration }

// expected returns the outcome of a case according to the tables.
func (c testCase) expected() (observed, duration) {
	e := c.requestResult()
	if e.ok {
		return c.success(e.attempts-1+c.request.extra[c.fault.name], c.request.after), c.callDuration(e)
	}
	if next, ok := c.request.recovery[c.circumstance(e)]; ok {
		limits := c.callDuration(e)
		limits.max += c.request.recoveryDelay
		if e.executed != rest.ExecutedNo {
			limits.min += c.request.recoveryDelay
		}
		if next.ok {
			return c.success(next.requests, c.finalState()), limits
		}
		want := c.failure(e)
		want.Requests = fmt.Sprint(c.number - 1 + e.attempts + next.requests)
		if c.circumstance(e) == outage {
			limits.max += fifthProbe
			want.Attempts = fmt.Sprint(next.requests)
		}
		return want, limits
	}
	return c.failure(e), c.callDuration(e)
}

// requestResult returns how the request with the fault ends.
func (c testCase) requestResult() expectedResult {
	if e, ok := exceptions[exception{c.provider, c.name, c.request.name, c.fault.name}]; ok {
		return e
	}
	if c.request.ignoresBody && (c.fault.kind == unreadable || c.fault.kind == unusable) {
		return ok(1)
	}
	return expectedResults[c.fault.kind][c.request.class]
}

func (c testCase) circumstance(e expectedResult) circumstance {
	switch {
	case c.fault.kind == alwaysLost || c.fault.kind == alwaysUnavailable:
		return outage
	case c.fault.kind == deadlineExceeded:
		return "" // the caller has ended the call
	case e.executed == rest.ExecutedMaybe && c.fault.executed:
		return unknownExecuted
	case e.executed == rest.ExecutedMaybe:
		return unknownNotExecuted
	case e.executed == rest.ExecutedYes && c.fault.executed:
		return successExecuted
	case e.executed == rest.ExecutedYes:
		return successNotExecuted
	case c.fault.status == http.StatusNotFound && c.isHTML():
		return ""
	}
	return circumstance(fmt.Sprint(c.fault.status))
}

// isCreate reports whether the request contains no id of a user. A 404 then does not mean
// that a user does not exist.
func (c testCase) isCreate() bool {
	return strings.HasSuffix(c.request.name, "create") || c.request.name == "upsert"
}

func (c testCase) isHTML() bool { return strings.HasPrefix(c.fault.name, "HTML") }

// finalState is the state after a success of the whole operation.
func (c testCase) finalState() string { return c.requests[len(c.requests)-1].after }

// success is a success after more requests than usual. state is the state after this
// request; the requests after it do the rest.
func (c testCase) success(more int, state string) observed {
	if c.number < len(c.requests) {
		state = c.finalState()
	}
	return observed{Outcome: "ok", Requests: fmt.Sprint(len(c.requests) + more + c.fault.resent), State: state}
}

// failure is the error of the request.
func (c testCase) failure(e expectedResult) observed {
	want := observed{
		Outcome: "error", Status: c.status(), Attempts: fmt.Sprint(e.attempts), Executed: max(e.executed, c.request.executed).String(),
		Matches: c.matches(), Requests: fmt.Sprint(c.number - 1 + e.attempts + c.fault.resent), State: c.request.before,
	}
	if c.request.returnsResult {
		want.Problem = withResult
	}
	if c.fault.executed {
		want.State = c.request.after
	}
	if c.request.class == read && !c.isUpsertRequest() {
		want.Executed = ""
	}
	return want
}

// status is the status of the error: that of the fault, or that of the fake's response.
func (c testCase) status() int {
	switch c.fault.kind {
	case truncated, unreadable:
		if c.request.class == conflicting {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	case unusable, htmlPage, oversized:
		return http.StatusOK
	}
	return c.fault.status
}

// matches returns the texts of the errors that the error must match.
func (c testCase) matches() (texts []string) {
	errs := []error{c.request.also}
	if c.fault.kind != waitTooLong || c.request.class != neverRetried { // without a retry no wait is too long
		errs = append(errs, c.fault.matches...)
	}
	if err := sentinel(c.status()); err != rest.ErrNotFound || !c.isHTML() && !c.isCreate() {
		errs = append(errs, err)
	}
	for _, err := range errs {
		if err != nil && !slices.Contains(texts, err.Error()) {
			texts = append(texts, err.Error())
		}
	}
	slices.Sort(texts)
	return texts
}

// operationName is the operation in errors of this request.
func (c testCase) operationName() string { return cmp.Or(c.request.method, c.method) }

// isUpsertRequest reports whether Executed describes an upsert.
func (c testCase) isUpsertRequest() bool { return c.operationName() == "UpsertUser" }

// callDuration returns how long the call may take: the fault itself, and the waits.
func (c testCase) callDuration(e expectedResult) duration {
	most, retryAfter := c.fault.takes+c.request.waited, c.fault.retryAfter
	afterHeader := duration{retryAfter, most + retryAfter + max(retryAfter/10, time.Second)}
	switch c.fault.kind {
	case rateLimited:
		if e.ok {
			return afterHeader
		}
	case alwaysRateLimited:
		if !e.ok && e.attempts == several {
			return duration{time.Minute, allWaits + c.request.waited}
		}
	case alwaysLost, alwaysUnavailable:
		most += 10 * firstWait * 2 // a 503 also closes the gate of the pacer
	}
	switch {
	case e.ok && e.attempts == 1, c.request.recovery == nil && e.attempts <= 1:
		return duration{0, most}
	case retryAfter > 0 && e.ok:
		return afterHeader
	}
	return duration{0, most + firstWait + max(retryAfter*11/10, retryAfter+time.Second)}
}
