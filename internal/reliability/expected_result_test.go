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

// span is how long a call may take.
type span struct{ least, most time.Duration }

// expected is what the tables say of a case.
func (c testCase) expected() (seen, span) {
	e := c.ending()
	if e.ok {
		return c.succeeded(e.attempts-1+c.place.more[c.fault.name], c.place.after), c.waits(e)
	}
	if next, ok := c.place.recovery[c.circumstance(e)]; ok {
		if next.ok {
			return c.succeeded(next.requests, c.places[len(c.places)-1].after), c.waits(e)
		}
		want := c.failed(e)
		want.Requests = fmt.Sprint(c.number - 1 + e.attempts + next.requests)
		if c.circumstance(e) == outage {
			want.Attempts = fmt.Sprint(next.requests)
		}
		return want, c.waits(e)
	}
	return c.failed(e), c.waits(e)
}

// ending is how the request ends that meets the fault.
func (c testCase) ending() expectedResult {
	if e, ok := exceptions[exception{c.provider, c.name, c.place.request, c.fault.name}]; ok {
		return e
	}
	if c.place.unread && unreadable[c.fault.kind] {
		return ok(1)
	}
	return endings[c.fault.kind][c.place.class]
}

// circumstance is what a recovery goes by.
func (c testCase) circumstance(e expectedResult) situation {
	switch {
	case c.fault.kind == gone || c.fault.kind == down:
		return outage
	case c.fault.kind == abandoned:
		return "" // nobody waits any more
	case e.executed == rest.ExecutedMaybe && c.fault.acted:
		return unknownExecuted
	case e.executed == rest.ExecutedMaybe:
		return unknownNotExecuted
	case e.executed == rest.ExecutedYes && c.fault.acted:
		return successActed
	case e.executed == rest.ExecutedYes:
		return successIdle
	case c.fault.status == http.StatusNotFound && c.webPage():
		return ""
	}
	return situation(fmt.Sprint(c.fault.status))
}

// creates reports whether the request names no existing user: its 404 is not about
// one.
func (c testCase) creates() bool {
	return strings.HasSuffix(c.place.request, "create") || c.place.request == "upsert"
}

func (c testCase) webPage() bool { return strings.HasPrefix(c.fault.name, "HTML") }

// succeeded is a success that took so many requests more than usual.
func (c testCase) succeeded(more int, state string) seen {
	return seen{Outcome: "ok", Requests: fmt.Sprint(len(c.places) + more + c.fault.resent), State: c.finally(state)}
}

// finally is the state after a success at this place: the requests after it do
// the rest.
func (c testCase) finally(state string) string {
	if c.number < len(c.places) {
		return c.places[len(c.places)-1].after
	}
	return state
}

// failed is the error of the request.
func (c testCase) failed(e expectedResult) seen {
	want := seen{
		Outcome: "error", Status: c.status(), Attempts: fmt.Sprint(e.attempts), Executed: max(e.executed, c.place.doubt).String(),
		Matches: c.matches(), Requests: fmt.Sprint(c.number - 1 + e.attempts + c.fault.resent), State: c.place.before,
		Problem: c.place.result,
	}
	if c.fault.acted {
		want.State = c.place.after
	}
	if c.place.class == read && !c.upserting() {
		want.Executed = ""
	}
	return want
}

// status is that of the error: the one the fault made, or that of the true answer.
func (c testCase) status() int {
	switch c.fault.kind {
	case broken, mangled:
		if c.place.class == taken {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	case unusable, page, oversized:
		return http.StatusOK
	}
	return c.fault.status
}

func (c testCase) matches() []string {
	var errs []error
	if !(c.fault.kind == closed && c.place.class == never) { // no wait is thought of that could be too long
		errs = append(errs, c.fault.matches...)
	}
	if sentinel := sentinels[c.status()]; sentinel != nil && !(sentinel == rest.ErrNotFound && (c.webPage() || c.creates())) {
		errs = append(errs, sentinel)
	}
	if c.place.also != nil {
		errs = append(errs, c.place.also)
	}
	var names []string
	for _, err := range errs {
		if !slices.Contains(names, err.Error()) {
			names = append(names, err.Error())
		}
	}
	slices.Sort(names)
	return names
}

// operationName is what errors of this request name.
func (c testCase) operationName() string { return cmp.Or(c.place.method, c.method) }

// upserting says whether Executed tells of an upsert.
func (c testCase) upserting() bool { return c.operationName() == "UpsertUser" }

// waits is how long the call may take: what the fault takes, and the waits.
func (c testCase) waits(e expectedResult) span {
	most := c.fault.takes + c.place.waited
	switch c.fault.kind {
	case throttled:
		if e.ok {
			return span{c.fault.wish, most + c.fault.wish + max(c.fault.wish/10, time.Second)}
		}
	case limited:
		if !e.ok && e.attempts == several {
			return span{time.Minute, allWaits}
		}
	case gone, down:
		most += 7 * firstWait * 2
	}
	switch {
	case e.ok && e.attempts == 1, c.place.recovery == nil && e.attempts <= 1:
		return span{0, most}
	case c.fault.wish > 0 && e.ok:
		return span{c.fault.wish, most + c.fault.wish + max(c.fault.wish/10, time.Second)}
	}
	return span{0, most + firstWait + max(c.fault.wish*11/10, c.fault.wish+time.Second)}
}
