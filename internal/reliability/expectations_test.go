package reliability

import (
	"time"

	"github.com/usersync/usersync/rest"
)

// kind is what a fault is to the retry rules.
type kind int

const (
	harmless    kind = iota // the answer is good, however it came
	unreachable             // no connection, and another attempt will not help
	notSent                 // no connection this time
	lost                    // no answer to a request that may have arrived
	broken                  // a good answer that broke off
	mangled                 // a good answer that cannot be read
	unusable                // a 2xx without anything of use
	page                    // a 2xx from something else than the API
	oversized               // an answer longer than is read
	redirected
	refused        // a status that says: not done, and not to be repeated
	tooEarly       // 425: not done, and retried if that is safe
	unknownOutcome // a status that leaves it open, and is not to be repeated
	unavailable    // a status that leaves it open, and may pass
	throttled      // a 429
	closed         // a 429 that asks for more than two minutes, or more than the caller has
	gone           // no answer, from now on
	down           // a 503, from now on
	limited        // a 429, from now on
	abandoned      // no answer as long as the caller waits
	kinds
)

// expectedResult is how a request ends.
type expectedResult struct {
	ok       bool
	attempts int // 0: several, as many as there is time for
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

// endings is what package rest and README promise of a single request. Executed
// has no meaning for reads and is not looked at there, unless an upsert read: then
// it is no.
var endings = [kinds][classes]expectedResult{
	//            read        idempotent  once        never       taken
	harmless:       {ok(1), ok(1), ok(1), ok(1), ok(1)},
	unreachable:    {no(1), no(1), no(1), no(1), no(1)},
	notSent:        {ok(2), ok(2), ok(2), no(1), ok(2)},
	lost:           {ok(2), ok(2), maybe(1), maybe(1), maybe(1)},
	broken:         {ok(2), ok(2), yes(1), yes(1), ok(1)}, // a refusal that names no field is looked into
	mangled:        {no(1), yes(1), yes(1), yes(1), ok(1)},
	unusable:       {no(1), yes(1), yes(1), yes(1), yes(1)},
	page:           {no(1), yes(1), yes(1), yes(1), yes(1)},
	oversized:      {no(1), yes(1), yes(1), yes(1), yes(1)},
	redirected:     {no(1), maybe(1), maybe(1), maybe(1), maybe(1)},
	refused:        {no(1), no(1), no(1), no(1), no(1)},
	tooEarly:       {ok(2), ok(2), no(1), no(1), no(1)},
	unknownOutcome: {no(1), maybe(1), maybe(1), maybe(1), maybe(1)},
	unavailable:    {ok(2), ok(2), maybe(1), maybe(1), maybe(1)},
	throttled:      {ok(2), ok(2), ok(2), no(1), ok(2)},
	closed:         {no(1), no(1), no(1), no(1), no(1)},
	gone:           {no(4), maybe(4), maybe(1), maybe(1), maybe(1)},
	down:           {no(4), maybe(4), maybe(1), maybe(1), maybe(1)},
	limited:        {no(several), no(several), no(several), no(1), no(several)},
	abandoned:      {no(1), maybe(1), maybe(1), maybe(1), maybe(1)},
}

// Limits of the waits, from README: full jitter from 500 ms on and a little more;
// five minutes in all.
const (
	firstWait = 550 * time.Millisecond
	allWaits  = 5 * time.Minute
)

// unreadable are the kinds that do no harm where nothing in the answer is used.
var unreadable = map[kind]bool{mangled: true, unusable: true}

// exceptions are the endings that the table does not tell.
var exceptions = map[exception]expectedResult{
	// Without a body, nothing of it can be late or missing. The fake answers a
	// DELETE with 204; where it sets attributes, the end of the body can break off.
	{"usercom", "DeleteUser", "delete", "broken body"}:                                  ok(1),
	{"usercom", "DeleteUser", "delete", "body cut at once"}:                             ok(1),
	{"usercom", "DeleteUser", "delete", "trickled body, too slow"}:                      ok(1),
	{"usercom", "DeleteUser", "delete", "closed in the body of the answer"}:             ok(1),
	{"usercom", "DeleteUser", "delete", "reset in the body of the answer"}:              ok(1),
	{"usercom", "DeleteUser", "delete", "gzip that breaks off"}:                         ok(1),
	{"usercom", "SetAttribute", "set", "reset in the body of the answer"}:               ok(1),
	{"usercom", "SetAttributes", "set", "reset in the body of the answer"}:              ok(1),
	{"usercom", "UpsertUser with attributes", "set", "reset in the body of the answer"}: ok(1),
	{"usercom", "SetAttribute", "set", "trickled body, too slow"}:                       ok(1),
	{"usercom", "SetAttributes", "set", "trickled body, too slow"}:                      ok(1),
	{"usercom", "UpsertUser with attributes", "set", "trickled body, too slow"}:         ok(1),
	// A 204 to a DELETE can mean nothing else; every other answer of Partoo's has a
	// body to read.
	{"partoo", "DeleteUser", "delete", "status 204"}: ok(1),
	// An empty list is complete, whatever the other fields contain.
	{"partoo", "UpsertUser of a new user", "search", "nulls for values"}:        ok(1),
	{"partoo", "UpsertUser of a new user", "search", "wrong JSON types"}:        ok(1),
	{"partoo", "UpsertUser after a reset", "second search", "nulls for values"}: ok(1),
	{"partoo", "UpsertUser after a reset", "second search", "wrong JSON types"}: ok(1),
	{"identifai", "Bulk.UpsertUser of a new user", "list", "nulls for values"}:  ok(1),
	{"identifai", "Bulk.UpsertUser of a new user", "list", "wrong JSON types"}:  ok(1),
}

type exception struct{ provider, operation, request, fault string }

// recovery is what an upsert makes of a request that failed: by circumstance, how
// many requests follow and whether they bring success.
type recovery map[situation]followed

type followed struct {
	ok       bool
	requests int
}

// situation is all that an upsert goes by, and whether the server acted.
type situation string

const (
	badRequest         situation = "400"
	conflict           situation = "409"
	unprocessable      situation = "422"
	missing            situation = "404"
	unknownExecuted    situation = "executed maybe, and was"
	unknownNotExecuted situation = "executed maybe, and was not"
	successActed       situation = "success reported, and was"
	successIdle        situation = "success reported, and was not"
	outage             situation = "no answers from now on" // the error is the one of the request that follows
)

// What the doc comments of UpsertUser promise.
var (
	// The user is looked up, and updated when found. Nothing is created twice.
	identifaiCreate = recovery{
		badRequest: {false, 1}, conflict: {false, 1}, unprocessable: {false, 1},
		unknownExecuted: {true, 2}, unknownNotExecuted: {false, 1}, successActed: {true, 2}, successIdle: {false, 1}, outage: {false, 4},
	}
	// The same, and there is a user to be found.
	identifaiTakenCreate = recovery{
		badRequest: {true, 0}, conflict: {true, 0}, unprocessable: {true, 0},
		unknownExecuted: {true, 0}, unknownNotExecuted: {true, 0}, successActed: {true, 0}, successIdle: {true, 0}, outage: {false, 4},
	}
	// The user is searched for, and is unchanged when found; else created again,
	// unless the create was refused or reported a success.
	partooCreate = recovery{
		badRequest: {false, 1}, conflict: {false, 1}, unprocessable: {false, 1},
		unknownExecuted: {true, 1}, unknownNotExecuted: {true, 2}, successActed: {true, 1}, successIdle: {false, 1}, outage: {false, 4},
	}
	// It becomes an upsert without the list.
	identifaiBulkUpdate = recovery{missing: {true, 3}}
	// The user is searched for and, being there after all, updated.
	partooUpdate = recovery{missing: {true, 2}}
)

// sentinels are what errors match, by status.
var sentinels = map[int]error{
	400: rest.ErrInvalid, 401: rest.ErrUnauthorized, 403: rest.ErrForbidden, 404: rest.ErrNotFound,
	409: rest.ErrConflict, 422: rest.ErrInvalid, 429: rest.ErrRateLimited,
	301: rest.ErrRedirect, 302: rest.ErrRedirect, 307: rest.ErrRedirect, 308: rest.ErrRedirect,
	500: rest.ErrUnavailable, 501: rest.ErrUnavailable, 502: rest.ErrUnavailable, 503: rest.ErrUnavailable,
	504: rest.ErrUnavailable, 520: rest.ErrUnavailable, 521: rest.ErrUnavailable, 522: rest.ErrUnavailable,
	523: rest.ErrUnavailable, 524: rest.ErrUnavailable, 525: rest.ErrUnavailable, 526: rest.ErrUnavailable,
	527: rest.ErrUnavailable, 530: rest.ErrUnavailable, 529: rest.ErrUnavailable, 599: rest.ErrUnavailable,
}
