package reliability

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/fields/fieldstest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// providers lists the providers.
var providers = []interface {
	operations() []operation
	apiCalls() []operation
	methods() []string
}{identifaiProvider, partooProvider, usercomProvider}

// provider describes how tests reach the client C and the fake server S.
type provider[C, S any] struct {
	name    string
	key     string // of the fake
	fake    func() (S, *resttest.Server, []rest.Option)
	client  func(key string, options ...rest.Option) (C, error)
	read    func(S) content
	entries func() []entry[C, S]
}

// entry is one way to call a method of a wrapper. The entries are the only list of
// operations: faults, fuzzing, secrets, redirects and specs are tested with them.
type entry[C, S any] struct {
	// name is the method, with a suffix if the method has several entries: "UpsertUser by id".
	name string
	// method is the method that sends the requests, if it differs from the name.
	method string
	call   func(context.Context, C) (result, error)
	// sendsPassword is set if the input contains [password].
	sendsPassword bool
	options       []rest.Option
	situations    []situation[S]
}

// situation is the state of the server before a call, and what the call then does.
type situation[S any] struct {
	name    string // "of a new user"
	prepare func(S)
	// want is the text of the result. Without it the result contains the id of Ada.
	want string
	// requests are sent when nothing fails. Without them the situation is tested with
	// the specs only.
	requests []request
}

// request is one request of a call.
type request struct {
	name   string
	class  class
	method string // in errors, if it differs from the operation's
	// covered requests are tested with another operation.
	covered bool
	// ignoresBody is set if any 2xx is a success; its body is ignored.
	ignoresBody bool
	// before and after are the states of the server without this request and with it.
	// The defaults are "unchanged" and before.
	before, after string
	// recovery is what an upsert does if this request fails; nil: nothing.
	recovery recovery
	// recoveryDelay is how long the upsert waits before its recovery if the outcome is unknown.
	recoveryDelay time.Duration
	// also is an error that the operation's error matches in addition.
	also error
	// executed is at least what errors report, because of earlier requests.
	executed rest.Executed
	// waited is the longest time that the call may have waited before this request.
	waited time.Duration
	// returnsResult is set if the operation returns a result with its error.
	returnsResult bool
	// extra is the number of further requests after the named faults.
	extra map[string]int
}

// class is the kind of a request for the retry rules.
type class int

const (
	read          class = iota
	idempotent          // a write that is retried
	nonIdempotent       // a write that is retried only if it surely was not executed
	neverRetried
	conflicting // identifAI's create of an existing email: rejected, then the user is looked up
	classes
)

// operation is an entry in one situation.
type operation struct {
	provider, name, entry, method string
	sendsPassword                 bool
	requests                      []request
	start                         func(connection) subject
}

// subject is an operation that is ready to be called, and its fake.
type subject struct {
	server *resttest.Server
	key    string // that the fake accepts
	call   func(context.Context) (result, error)
	// state describes the content of the fake: "unchanged" or a summary.
	state func() string
	// check returns why the result of the call differs from the content of the fake.
	check func(result, error) string
}

// result is what a call returned.
type result struct {
	id      string // of the user
	outcome upsert.Outcome
	text    string // anything else that is compared
	// problem is why the result is unusable, independently of the server.
	problem string
}

// start returns a fake and a client of it.
func (p provider[C, S]) start(c connection) (C, S, *resttest.Server) {
	fake, server, options := p.fake()
	client, err := p.client(cmp.Or(c.key, p.key), c.to(server, options)...)
	require.NoError(c.t, err)
	return client, fake, server
}

// content is what a fake contains.
type content struct {
	users  []storedUser
	emails string // sent so far
}

type storedUser struct {
	ID, Email, Summary string
	All                any
}

// connection is how a client reaches its fake.
type connection struct {
	t *testing.T
	// key is the API key; the default is the fake's.
	key string
	// transport returns the transport to the fake. Without it, options must contain a base URL.
	transport func(*resttest.Server) http.RoundTripper
	options   []rest.Option
}

// to returns the options of a client of server, given those of its fake.
func (c connection) to(server *resttest.Server, options []rest.Option) []rest.Option {
	if c.transport == nil {
		return c.options
	}
	options = append(options, rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(c.t, c.transport(server))}))
	return append(options, c.options...)
}

// operations lists all operations of all wrappers.
func operations() (all []operation) {
	for _, p := range providers {
		all = append(all, p.operations()...)
	}
	return all
}

// operations returns an operation for each situation of the entries.
func (p provider[C, S]) operations() (all []operation) {
	for _, e := range p.entries() {
		method, _, _ := strings.Cut(strings.TrimPrefix(e.name, "Bulk."), " ")
		for _, s := range e.situations {
			requests := slices.Clone(s.requests)
			for i := range requests {
				requests[i].before = cmp.Or(requests[i].before, unchanged)
				requests[i].after = cmp.Or(requests[i].after, requests[i].before)
			}
			all = append(all, operation{
				provider: p.name, name: strings.TrimSpace(e.name + " " + s.name), entry: e.name, method: cmp.Or(e.method, method),
				sendsPassword: e.sendsPassword, requests: requests,
				start: func(c connection) subject { return p.prepare(c, e, s) },
			})
		}
	}
	return all
}

func (p provider[C, S]) prepare(c connection, e entry[C, S], s situation[S]) subject {
	c.options = slices.Concat(c.options, e.options)
	client, fake, server := p.start(c)
	if s.prepare != nil {
		s.prepare(fake)
	}
	before := p.read(fake)
	return subject{
		server: server, key: p.key,
		call:  func(ctx context.Context) (result, error) { return e.call(ctx, client) },
		state: func() string { return stateOf(c.t, before, p.read(fake)) },
		check: func(r result, err error) string {
			return problemOf(r, err, s.want, adaIn(p.read(fake)))
		},
	}
}

const (
	unchanged  = "unchanged"
	withResult = "with the result of the upsert"
)

// stateOf summarises the content of a fake, other users apart, which must not change.
func stateOf(t *testing.T, before, now content) string {
	encode := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return string(text)
	}
	if encode(before.users) == encode(now.users) && before.emails == now.emails {
		return unchanged
	}
	otherBefore, _ := split(before.users)
	others, users := split(now.users)
	summaries := []string{}
	for _, user := range users {
		summaries = append(summaries, user.Summary)
	}
	switch {
	case encode(otherBefore) != encode(others):
		return "other users changed"
	case before.emails != now.emails:
		summaries = append(summaries, "emails to "+now.emails)
	case len(users) == 0:
		return "no user"
	}
	return strings.Join(summaries, ", ")
}

// problemOf compares a result with the text wanted, or with the id of Ada.
func problemOf(r result, err error, want, ada string) string {
	switch {
	case err != nil && r.id == "":
		return ""
	case err != nil && r.id == ada:
		return withResult
	case err != nil:
		return fmt.Sprintf("error with the result %+v", r)
	case r.problem != "":
		return r.problem
	case want != "" && r.text != want:
		return fmt.Sprintf("returned %q, want %q", r.text, want)
	case want == "" && r.id != "" && r.id != ada:
		return fmt.Sprintf("returned %+v, the user's id is %q", r, ada)
	}
	return ""
}

// adaIn returns the id of Ada, or "".
func adaIn(c content) string {
	for _, user := range c.users {
		if user.Email == adaEmail {
			return user.ID
		}
	}
	return ""
}

// The user and the secrets of the tests.
const (
	adaEmail = "ada@example.com"
	// password is in the inputs of users. It needs escaping in JSON, except for its mark.
	password     = passwordMark + `"w\ord<&>`
	passwordMark = "Marked-Pa55"
	// key is the API key of clients whose server is no fake. No output may contain it.
	key     = keyMark + "-0001"
	keyMark = "Marked-Key"
)

// pageSize is the page size of Bulk. With as many other users, Ada is on the second page.
const pageSize = 100

// listedUsers is a number of users for which Bulk lists the existing users.
const listedUsers = 120

// otherEmails returns the emails of a page of other users.
func otherEmails() (emails []string) {
	for n := range pageSize {
		emails = append(emails, fmt.Sprintf("aa%03d@example.com", n))
	}
	return emails
}

// split separates the other users from the rest.
func split(users []storedUser) (others, rest []storedUser) {
	for _, user := range users {
		if strings.HasPrefix(user.Email, "aa") {
			others = append(others, user)
		} else {
			rest = append(rest, user)
		}
	}
	return others, rest
}

// reads are the requests of an operation that only reads.
func reads(names ...string) (requests []request) {
	for _, name := range names {
		requests = append(requests, request{name: name, class: read})
	}
	return requests
}

// secondPage returns the requests of a Bulk with two pages. Shorter lists cover the others.
func secondPage(next request) []request {
	next.covered = true
	return []request{{name: "first page", covered: true}, {name: "second page", method: "Bulk", class: read}, next}
}

// userResult returns a user whose id must not be zero.
func userResult[ID comparable](id ID, text string, err error) (result, error) {
	return result{id: idText(id), text: strings.TrimSpace(idText(id) + " " + text), problem: unless(id != *new(ID), "a user without an id")}, err
}

// upsertResult returns what an upsert did.
func upsertResult[ID comparable](r upsert.Result[ID], err error) (result, error) {
	return result{id: idText(r.ID), outcome: r.Outcome, problem: unless(r.ID != *new(ID) && r.Outcome != 0, "no id or outcome")}, err
}

// previewResult returns what an upsert would do.
func previewResult[ID comparable](r upsert.Preview[ID], err error) (result, error) {
	return result{text: strings.TrimSpace(r.Outcome.String() + " " + idText(r.ID)), problem: unless(r.Outcome != 0, "no outcome")}, err
}

// listResult returns the ids of a list, none of which may be zero.
func listResult[T any, ID comparable](list iter.Seq2[T, error], id func(T) ID) (r result, err error) {
	for item, err := range list {
		if err != nil {
			return result{}, err
		}
		if id(item) == *new(ID) {
			r.problem = "an item without an id"
		}
		r.text = strings.TrimSpace(r.text + " " + idText(id(item)))
	}
	return r, nil
}

// orError returns the items of a list, or its error.
func orError[T any](items []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			yield(*new(T), err)
			return
		}
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// everyField returns an input with a value for every declared field.
func everyField[U any]() (input U) {
	fieldstest.Fill(&input)
	return input
}

// noResult is the result of a call that returns only an error.
func noResult(err error) (result, error) { return result{}, err }

func idText[ID comparable](id ID) string {
	if id == *new(ID) {
		return ""
	}
	return fmt.Sprint(id)
}

// unless returns problem if ok is false.
func unless(ok bool, problem string) string {
	if ok {
		return ""
	}
	return problem
}
