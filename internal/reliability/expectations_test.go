package reliability

import (
	"net/http"
	"time"

	"github.com/usersync/usersync/rest"
)

// kind is the kind of a fault for the retry rules.
type kind int

const (
	harmless          kind = iota // the response is usable
	unreachable                   // no connection, and a retry will not help
	notConnected                  // no connection this time
	lost                          // no response to a request that may have arrived
	truncated                     // a good response whose body ends early
	unreadable                    // a good response that cannot be decoded
	unusable                      // a 2xx without the expected content
	htmlPage                      // a 2xx from something other than the API
	oversized                     // a response over the limit
	redirected                    // a 3xx
	rejected                      // a status for "not executed" that is not retried
	tooEarly                      // a 425: not executed, retried if that is safe
	unknownOutcome                // a status of unknown outcome that is not retried
	unavailable                   // a status of unknown outcome that is retried if that is safe
	rateLimited                   // a 429
	waitTooLong                   // a 429 with a wait over two minutes, or over the caller's deadline
	alwaysLost                    // no response from now on
	alwaysUnavailable             // a 503 from now on
	alwaysRateLimited             // a 429 from now on
	deadlineExceeded              // no response before the caller's deadline
	kinds
)

// expectedResult is how a request ends.
type expectedResult struct {
	ok       bool
	attempts int // 0: as many as the time allows
	executed rest.Executed
}

func ok(attempts int) expectedResult { return expectedResult{ok: true, attempts: attempts} }
func no(attempts int) expectedResult {
	return expectedResult{attempts: attempts, executed: rest.ExecutedNo}
}
func maybe(attempts int) expectedResult {
	return expectedResult{attempts: attempts, executed: rest.ExecutedMaybe}
}
func yes(attempts int) expectedResult {
	return expectedResult{attempts: attempts, executed: rest.ExecutedYes}
}

const several = 0

// expectedResults contains what package rest and the documentation promise for a single
// request. Executed is not compared for reads, except for those of an upsert.
var expectedResults = [kinds][classes]expectedResult{
	//                 read         idempotent   nonIdempotent neverRetried conflicting
	harmless:          {ok(1), ok(1), ok(1), ok(1), ok(1)},
	unreachable:       {no(1), no(1), no(1), no(1), no(1)},
	notConnected:      {ok(2), ok(2), ok(2), no(1), ok(2)},
	lost:              {ok(2), ok(2), maybe(1), maybe(1), maybe(1)},
	truncated:         {ok(2), ok(2), yes(1), yes(1), ok(1)}, // an error without fields leads to a lookup
	unreadable:        {no(1), yes(1), yes(1), yes(1), ok(1)},
	unusable:          {no(1), yes(1), yes(1), yes(1), yes(1)},
	htmlPage:          {no(1), yes(1), yes(1), yes(1), yes(1)},
	oversized:         {no(1), yes(1), yes(1), yes(1), yes(1)},
	redirected:        {no(1), maybe(1), maybe(1), maybe(1), maybe(1)},
	rejected:          {no(1), no(1), no(1), no(1), no(1)},
	tooEarly:          {ok(2), ok(2), no(1), no(1), no(1)},
	unknownOutcome:    {no(1), maybe(1), maybe(1), maybe(1), maybe(1)},
	unavailable:       {ok(2), ok(2), maybe(1), maybe(1), maybe(1)},
	rateLimited:       {ok(2), ok(2), ok(2), no(1), ok(2)},
	waitTooLong:       {no(1), no(1), no(1), no(1), no(1)},
	alwaysLost:        {no(4), maybe(4), maybe(1), maybe(1), maybe(1)},
	alwaysUnavailable: {no(4), maybe(4), maybe(1), maybe(1), maybe(1)},
	alwaysRateLimited: {no(several), no(several), no(several), no(1), no(several)},
	deadlineExceeded:  {no(1), maybe(1), maybe(1), maybe(1), maybe(1)},
}

// The documented limits of waits: full jitter from 500 ms, plus up to 10 %, and five
// minutes in total.
const (
	firstWait = 550 * time.Millisecond
	allWaits  = 5 * time.Minute
	// fifthProbe is the longest wait for the fifth attempt while the gate is closed by 503s:
	// the waits double from 1 s.
	fifthProbe = 10 * time.Second
)

// exceptions are results that differ from expectedResults.
var exceptions = withExceptions(map[exception]expectedResult{
	// A 204 to a DELETE is a success. Every other response of Partoo has a body.
	{"partoo", "DeleteUser", "delete", "status 204"}: ok(1),
	// An empty list is complete; the other fields are not used.
	{"partoo", "UpsertUser of a new user", "search", "nulls for values"}:        ok(1),
	{"partoo", "UpsertUser of a new user", "search", "wrong JSON types"}:        ok(1),
	{"partoo", "UpsertUser after a reset", "second search", "nulls for values"}: ok(1),
	{"partoo", "UpsertUser after a reset", "second search", "wrong JSON types"}: ok(1),
	{"identifai", "Bulk.UpsertUser of a new user", "list", "nulls for values"}:  ok(1),
	{"identifai", "Bulk.UpsertUser of a new user", "list", "wrong JSON types"}:  ok(1),
})

type exception struct{ provider, operation, request, fault string }

// withExceptions adds those of user.com, where responses have no body that could be late
// or truncated: 204 to a DELETE, and an empty body or {} after setting attributes.
func withExceptions(all map[exception]expectedResult) map[exception]expectedResult {
	for _, fault := range []string{
		"body cut after 5 bytes", "body cut at its start", "slow body, over the timeout", "closed in the response body", "reset in the response body", "truncated gzip",
	} {
		all[exception{"usercom", "DeleteUser", "delete", fault}] = ok(1)
	}
	for _, fault := range []string{"reset in the response body", "slow body, over the timeout"} {
		for _, operation := range []string{"SetAttribute", "SetAttributes", "UpsertUser with attributes"} {
			all[exception{"usercom", operation, "set", fault}] = ok(1)
		}
	}
	return all
}

// recovery is what an upsert does after a request that failed, by circumstance: the number
// of requests that follow, and whether the upsert then succeeds.
type recovery map[circumstance]recovered

type recovered struct {
	ok       bool
	requests int
}

// circumstance is what an upsert knows of a failed request, and whether the server
// executed the request.
type circumstance string

const (
	badRequest         circumstance = "400"
	conflict           circumstance = "409"
	unprocessable      circumstance = "422"
	missing            circumstance = "404"
	unknownExecuted    circumstance = "executed maybe, and was"
	unknownNotExecuted circumstance = "executed maybe, and was not"
	successExecuted    circumstance = "success reported, and was"
	successNotExecuted circumstance = "success reported, and was not"
	outage             circumstance = "no response from now on" // the error is that of the next request
)

// The documented behaviour of UpsertUser.
var (
	// The user is looked up, and updated if found. No user is created twice.
	identifaiCreate = recovery{
		badRequest: {false, 1}, conflict: {false, 1}, unprocessable: {false, 1},
		unknownExecuted: {true, 2}, unknownNotExecuted: {false, 1}, successExecuted: {true, 2}, successNotExecuted: {false, 1}, outage: {false, 4},
	}
	// The same, and the user exists.
	identifaiConflictingCreate = recovery{
		badRequest: {true, 0}, conflict: {true, 0}, unprocessable: {true, 0},
		unknownExecuted: {true, 0}, unknownNotExecuted: {true, 0}, successExecuted: {true, 0}, successNotExecuted: {true, 0}, outage: {false, 4},
	}
	// The user is searched for. If it is not found, it is created again, unless the create
	// was rejected or reported a success.
	partooCreate = recovery{
		badRequest: {false, 1}, conflict: {false, 1}, unprocessable: {false, 1},
		unknownExecuted: {true, 1}, unknownNotExecuted: {true, 2}, successExecuted: {true, 1}, successNotExecuted: {false, 1}, outage: {false, 4},
	}
	// It becomes an upsert without the list.
	identifaiBulkUpdate = recovery{missing: {true, 3}}
	// The user is searched for again and updated if found.
	partooUpdate = recovery{missing: {true, 2}}
)

// sentinel returns the error that errors with this status match, or nil.
func sentinel(status int) error {
	switch {
	case status >= 500:
		return rest.ErrUnavailable
	case status >= 300 && status < 400:
		return rest.ErrRedirect
	}
	return map[int]error{
		http.StatusBadRequest: rest.ErrInvalid, http.StatusUnauthorized: rest.ErrUnauthorized, http.StatusForbidden: rest.ErrForbidden,
		http.StatusNotFound: rest.ErrNotFound, http.StatusConflict: rest.ErrConflict, http.StatusUnprocessableEntity: rest.ErrInvalid,
		http.StatusTooManyRequests: rest.ErrRateLimited,
	}[status]
}
