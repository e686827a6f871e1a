package verify

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/rest"
)

// session sends the requests of a run, one after another.
type session struct {
	next      http.RoundTripper
	interval  time.Duration
	options   []rest.Option // of the provider's client
	operation string        // of the request that is sent
	last      time.Time     // when the last request was sent
	exchanges []Exchange
	stopped   error // why no more requests are sent

	email      string   // of the users of the run
	created    []string // ids of the users that the run must delete
	uncertain  bool     // the run may have created a user whose id is unknown
	leftBehind []string
}

func newSession(c Config) *session {
	s := &session{next: c.Transport, interval: cmp.Or(c.Interval, 2*time.Second)}
	if s.next == nil {
		s.next = http.DefaultTransport
	}
	s.options = append(slices.Clone(c.Options), rest.WithHTTPClient(&http.Client{Transport: s}),
		rest.WithRetry(backoff.Policy{MaxAttempts: 1, MaxWait: 1}), rest.WithQuotas())
	return s
}

// call names the next request and returns a function that returns the exchange of its
// result, as in s.call("get")(api.GetUser(ctx, id)). The exchange of a request that was not
// sent has no operation.
func (s *session) call(operation string) func(*http.Response, error) Exchange {
	s.operation = operation
	before := len(s.exchanges)
	return func(_ *http.Response, err error) Exchange {
		if len(s.exchanges) == before {
			return Exchange{err: cmp.Or(s.stopped, err)}
		}
		return s.exchanges[before]
	}
}

// RoundTrip sends a request, at most one per interval, and records its exchange.
func (s *session) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.stopped != nil {
		return nil, s.stopped
	}
	if err := backoff.Sleep(r.Context(), time.Until(s.last.Add(s.interval))); err != nil {
		return nil, err
	}
	s.last = time.Now()
	x := Exchange{Operation: s.operation, Method: r.Method}
	resp, err := s.next.RoundTrip(r)
	if err == nil {
		err = x.read(resp)
	}
	x.err = err
	s.exchanges = append(s.exchanges, x)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// leave records what the run cannot restore or delete.
func (s *session) leave(format string, args ...any) {
	s.leftBehind = append(s.leftBehind, fmt.Sprintf(format, args...))
}

// userAPI are operations of a provider that can delete users.
type userAPI interface {
	search(ctx context.Context, address string) Exchange
	get(ctx context.Context, id string) Exchange
	delete(ctx context.Context, id string) Exchange
}

// newEmail returns an email that no user has.
func newEmail() string {
	return "usersync-verify-" + strings.ToLower(rand.Text()[:12]) + "@example.com"
}

// firstUser returns the id of the created user. If there is none, no request is sent until
// the clean-up.
func (s *session) firstUser(create Exchange) (id string) {
	if create.ok() {
		id = create.id()
	}
	if id == "" {
		s.stopped = errors.New("no user was created: " + create.outcome())
	}
	return id
}

// remember records the user that a create returned, so that deleteAll deletes it.
func (s *session) remember(create Exchange) Exchange {
	if id := create.id(); create.ok() && id != "" && !slices.Contains(s.created, id) {
		s.created = append(s.created, id)
	}
	if sent := create.Operation != ""; sent && (create.Status == 0 || create.Status >= http.StatusInternalServerError) {
		s.uncertain = true
	}
	return create
}

// probeDeletion deletes a user and returns the finding.
func (s *session) probeDeletion(ctx context.Context, api userAPI, id string) Finding {
	deleted := api.delete(ctx, id)
	gone := api.get(ctx, id)
	if deleted.ok() && !gone.ok() {
		s.created = slices.DeleteFunc(s.created, func(other string) bool { return other == id })
	}
	return cmp.Or(
		needs(deleted),
		differsIf(gone.ok(), fmt.Sprintf("the user still exists after %d", deleted.Status)),
		unknownIf(gone.Status != http.StatusNotFound, gone.outcome()),
		holds(fmt.Sprintf("delete returned %d, get afterwards 404", deleted.Status)))
}

// deleteAll deletes the users that the run created.
func (s *session) deleteAll(ctx context.Context, api userAPI) {
	s.stopped = nil
	if s.uncertain {
		for _, user := range api.search(ctx, s.email).list() {
			if id := textOf(user, "id"); email.Equal(textOf(user, "email"), s.email) && !slices.Contains(s.created, id) {
				s.created = append(s.created, id)
			}
		}
	}
	for _, id := range s.created {
		if x := api.delete(ctx, id); !x.ok() && x.Status != http.StatusNotFound {
			s.leave("user %s was created and not deleted: %s", id, x.outcome())
		}
	}
}
