package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/waitlimit"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// events is an observer that records what it gets. Its contexts contain the number of
// operations and attempts around an event.
type events struct {
	mu   sync.Mutex
	list []rest.Event
	at   []string
}

type depthKey struct{}

func (o *events) Observe(ctx context.Context, e rest.Event) context.Context {
	depth, _ := ctx.Value(depthKey{}).(string)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list, o.at = append(o.list, e), append(o.at, depth)
	switch e.Kind {
	case rest.OperationStarted:
		return context.WithValue(ctx, depthKey{}, depth+"o")
	case rest.AttemptStarted:
		return context.WithValue(ctx, depthKey{}, depth+"a")
	}
	return nil
}

// lines returns one line for each event: the contexts around it and what it says.
func (o *events) lines() []string {
	kinds := map[rest.EventKind]string{
		rest.OperationStarted: "operation", rest.OperationEnded: "operation ended",
		rest.AttemptStarted: "attempt", rest.AttemptEnded: "attempt ended",
		rest.WaitStarted: "wait", rest.WaitEnded: "wait ended",
		rest.UnknownField: "unknown field", rest.UnknownValue: "unknown value", rest.DeprecationHeader: "header",
	}
	var lines []string
	for i, e := range o.list {
		line := o.at[i] + " " + kinds[e.Kind]
		switch e.Kind {
		case rest.OperationStarted:
			line += " " + e.Provider + " " + e.Operation
		case rest.OperationEnded:
			line += " " + e.Outcome + " " + e.Class
		case rest.AttemptStarted:
			line += fmt.Sprintf(" %d %s %s %s", e.Attempt, e.Method, e.Origin, e.Path)
		case rest.AttemptEnded:
			line += fmt.Sprintf(" %d %d %s", e.Attempt, e.StatusCode, e.Class)
		case rest.WaitStarted:
			line += " " + e.Reason
		case rest.WaitEnded:
			line += fmt.Sprintf(" %s %v", e.Reason, e.Duration.Round(time.Second))
		default:
			line += " " + e.Name
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func TestObserverGetsOperationsAttemptsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := new(events)
		s := &script{t: t, steps: []func() (*http.Response, error){
			status(429, "Retry-After", "7"), status(200),
			status(503, "Retry-After", "3"), broken(reset), status(200),
		}}
		for _, ctx := range []context.Context{waitlimit.With(t.Context(), &waitlimit.Call{MaxWait: time.Hour, Pause: 5 * time.Second}), t.Context()} {
			_, err := s.do(ctx, rest.Call{Operation: "GetUser"}, "GET", rest.WithObserver(o), rest.WithRetry(backoff.Policy{Base: time.Nanosecond}))
			require.NoError(t, err)
		}
		lines := strings.Join(o.lines(), "\n")
		for _, part := range []string{
			"operation acme GetUser\no wait outage\no wait ended outage 5s\no wait quota\no wait ended quota 0s\n" +
				"o attempt 1 GET https://api.acme.test /v1/user\noa attempt ended 1 429 service\no wait quota\no wait ended quota 7s\no attempt 2 GET",
			"oa attempt ended 1 503 service\no wait retry-after\no wait ended retry-after 3s\no wait quota\n",
			"oa attempt ended 2 0 service\no wait backoff\no wait ended backoff 0s\no wait quota\n",
			"oa attempt ended 3 200\no operation ended success",
		} {
			assert.Contains(t, lines, part)
		}
	})
}

func TestObserverGetsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := new(events)
		s := &script{t: t, steps: []func() (*http.Response, error){status(422)}}
		_, err := s.do(t.Context(), rest.Call{Operation: "CreateUser"}, "POST", rest.WithObserver(o))
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.Equal(t, []string{
			"operation acme CreateUser", "o wait quota", "o wait ended quota 0s", "o attempt 1 POST https://api.acme.test /v1/user",
			"oa attempt ended 1 422 user", "o operation ended failed user",
		}, o.lines())
		assert.ErrorIs(t, o.list[len(o.list)-1].Err, rest.ErrInvalid)
	})
}

// An operation of several requests is one operation, with the outcome of the upsert.
func TestStartOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, observed := range []bool{true, false} {
			o := new(events)
			var options []rest.Option
			if observed {
				options = append(options, rest.WithObserver(o))
			}
			client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(400, `{"message":"Pa55word!"}`), nil }, options...)
			ctx, end := client.StartOperation(t.Context(), rest.Call{Operation: "UpsertUser", Secrets: []rest.Secret{"Pa55word!"}})
			inner, endInner := client.StartOperation(ctx, rest.Call{Operation: "Other"})
			_, err := client.Do(newRequest(t, rest.WithCall(inner, rest.Call{Operation: "UpsertUser"}), "GET", "/user", ""))
			assert.ErrorContains(t, err, "[redacted]")
			endInner(nil, nil)
			end(upsert.Created, nil)
			if observed {
				assert.Equal(t, []string{
					"operation acme UpsertUser", "o wait quota", "o wait ended quota 0s", "o attempt 1 GET https://api.acme.test /v1/user",
					"oa attempt ended 1 400 user", "o operation ended created",
				}, o.lines())
			} else {
				assert.Empty(t, o.list)
			}
		}
	})
}

// acmeUser has an enum and lists, to compare responses with.
type acmeUser struct {
	user
	Role  role              `json:"role"`
	Roles []role            `json:"roles"`
	Boss  *acmeUser         `json:"boss"`
	Notes map[string]string `json:"notes"`
}

type role string

func (r role) Valid() bool { return r == "ADMIN" || r == "USER" }

func TestObserverGetsUnknownNamesOnce(t *testing.T) {
	body := `{"id":1, "role":"USER", "new" : {"a":1}, "boss":{"id":2,"role":"OWNER","boss":{"id":3,"roles":["ADMIN","KING"],"x":[{"y":"\"}"}]}},
		"notes":{"free":"text"}, "created":"2026-01-01T00:00:00Z", "roles":[]}`
	o := new(events)
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		resp := reply(200, body)
		resp.Header.Set("Deprecation", "@1688169599")
		resp.Header.Set("Sunset", "Wed, 11 Nov 2026 23:59:59 GMT")
		return resp, nil
	}, rest.WithObserver(o))
	for range 3 {
		_, err := rest.Decode[acmeUser](client.Do(newRequest(t, rest.WithCall(t.Context(), rest.Call{Operation: "TestUnknown"}), "GET", "/user", "")))
		require.NoError(t, err)
	}
	var unknown []string
	for _, line := range o.lines() {
		if strings.Contains(line, "unknown") || strings.Contains(line, "header") {
			unknown = append(unknown, strings.TrimPrefix(strings.TrimPrefix(line, "oa "), "o "))
		}
	}
	assert.ElementsMatch(t, []string{"header Deprecation", "header Sunset", "unknown field new", "unknown value boss.role", "unknown value boss.boss.roles", "unknown field boss.boss.x"}, unknown)
	for _, e := range o.list {
		assert.NotContains(t, e.Name, "KING", "names only")
	}
}

func TestCallFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []rest.CallInfo
		client := newClient(t, func(r *http.Request) (*http.Response, error) {
			info, ok := rest.CallFrom(r.Context())
			assert.True(t, ok)
			got = append(got, info)
			return reply(503, "{}"), nil
		})
		ctx := rest.WithRetryPolicy(rest.WithCall(t.Context(), rest.Call{Operation: "GetUser"}), backoff.Policy{MaxAttempts: 2})
		_, err := client.Do(newRequest(t, ctx, "GET", "/user", ""))
		require.ErrorIs(t, err, rest.ErrUnavailable)
		assert.Equal(t, []rest.CallInfo{{Provider: "acme", Operation: "GetUser", Attempt: 1}, {Provider: "acme", Operation: "GetUser", Attempt: 2}}, got)
		_, ok := rest.CallFrom(ctx)
		assert.False(t, ok)
	})
}

func TestRetryPolicyOfContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){status(503)}}
		_, err := s.do(rest.WithRetryPolicy(t.Context(), backoff.Policy{MaxAttempts: 1}), rest.Call{}, "GET", rest.WithRetry(backoff.Policy{MaxAttempts: 7}))
		require.ErrorIs(t, err, rest.ErrUnavailable)
		assert.Equal(t, 1, s.sent())

		s = &script{t: t, steps: []func() (*http.Response, error){status(200)}}
		_, err = s.do(rest.WithRetryPolicy(t.Context(), backoff.Policy{Cap: -1}), rest.Call{}, "GET")
		require.ErrorContains(t, err, "Cap is -1ns")
		assert.Zero(t, s.sent())
	})
}

// duplicate is an error of a provider package with a failure class of its own.
type duplicate struct{ error }

func (duplicate) FailureClass() (class string, suspected bool) { return "configuration", false }

func TestObserverGetsClassOfProviderErrors(t *testing.T) {
	o := new(events)
	client := newClient(t, nil, rest.WithObserver(o))
	for _, err := range []error{duplicate{errors.New("two users")}, errors.New("unclassified")} {
		_, end := client.StartOperation(t.Context(), rest.Call{Operation: "UpsertUser"})
		end(nil, fmt.Errorf("wrapped: %w", err))
	}
	assert.Equal(t, []string{"operation acme UpsertUser", "o operation ended failed configuration", "operation acme UpsertUser", "o operation ended failed user"}, o.lines())
}

func TestWithObserverRejectsNil(t *testing.T) {
	_, err := rest.NewClient(acme, testKey, rest.WithObserver(nil))
	require.ErrorContains(t, err, "WithObserver: the observer is nil")
}

func TestEventTemplateContainsNoIDs(t *testing.T) {
	for path, want := range map[string]string{
		"/v2/user/5309c3a237bbc544d8e26737":      "/v2/user/{id}",
		"/v2/user/search":                        "/v2/user/search",
		"/api/public/users/12/set_attribute/":    "/api/public/users/{id}/set_attribute/",
		"/api/partner/send_creation_email":       "/api/partner/send_creation_email",
		"/users-by-id/ada@example.com/":          "/users-by-id/{id}/",
		"/user/abcdefghijklmnopqrstuvwxyzabcdef": "/user/{id}",
		"/v/v2x":                                 "/v/{id}",
	} {
		o := new(events)
		client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(200, "{}"), nil }, rest.WithObserver(o))
		_, err := client.Do(newRequest(t, t.Context(), "GET", path, ""))
		require.NoError(t, err)
		templates := make(map[string]bool)
		for _, e := range o.list {
			templates[e.Template] = true
			assert.NotContains(t, e.Path, "@")
		}
		assert.Equal(t, map[string]bool{"": true, "/v1" + want: true}, templates)
	}
}

// The key is in no event, also if it looks like a word and the caller has put it into
// the path by mistake.
func TestEventsContainNoKey(t *testing.T) {
	const key = "secretword"
	o := new(events)
	tr := transport(func(*http.Request) (*http.Response, error) { return reply(400, `{"message":"`+key+`"}`), nil })
	client, err := rest.NewClient(rest.Provider{Name: "foo", BaseURL: acme.BaseURL, Header: "Foo-Credential"}, key,
		rest.WithObserver(o), rest.WithHTTPClient(&http.Client{Transport: tr}))
	require.NoError(t, err)
	_, err = client.Do(newRequest(t, t.Context(), "GET", "/user/"+key, ""))
	require.Error(t, err)
	assert.NotContains(t, fmt.Sprintf("%+v", o.list), key)
}

// discarding is an observer that does nothing.
type discarding struct{}

func (discarding) Observe(context.Context, rest.Event) context.Context { return nil }

// The observer itself costs nothing where there is none, and little where there is.
func TestAllocationsOfObserver(t *testing.T) {
	tr := transport(func(*http.Request) (*http.Response, error) { return reply(200, `{"id":7}`), nil })
	count := func(options ...rest.Option) float64 {
		client := newClient(t, tr, append(options, rest.WithHTTPClient(&http.Client{Transport: tr}))...)
		req := newRequest(t, t.Context(), "GET", "/user", "")
		return testing.AllocsPerRun(200, func() {
			_, err := rest.Decode[user](client.Do(req))
			require.NoError(t, err)
		})
	}
	without, with := count(), count(rest.WithObserver(discarding{}))
	t.Logf("without %v, with %v", without, with)
	assert.LessOrEqual(t, with-without, 1.0)

	client := newClient(t, tr)
	ctx := t.Context()
	call := testing.AllocsPerRun(100, func() { _ = rest.WithCall(ctx, rest.Call{Operation: "UpsertUser"}) })
	start := testing.AllocsPerRun(100, func() {
		_, end := client.StartOperation(ctx, rest.Call{Operation: "UpsertUser"})
		end(nil, nil)
	})
	assert.Equal(t, call, start, "StartOperation costs no more than WithCall")
}
