package rest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// stack is a client on a fake acme, whose server may be told to fail.
type stack struct {
	*resttest.Server
	client *rest.Client
	acted  atomic.Int64
}

// onStack runs test in memory, inside a bubble and with the default waits, and
// over loopback, with hardly any.
func onStack(t *testing.T, test func(t *testing.T, s *stack)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, newStack(t, false)) })
	})
	t.Run("loopback", func(t *testing.T) { test(t, newStack(t, true)) })
}

func newStack(t *testing.T, loopback bool) *stack {
	t.Helper()
	s := new(stack)
	s.Server = resttest.NewServer("acme", http.HandlerFunc(s.act))
	var policy backoff.Policy
	if loopback {
		s.Start()
		t.Cleanup(s.Close)
		policy = backoff.Policy{Base: time.Millisecond}
	}
	s.client = s.newClient(t, s.Client(), rest.WithRetry(policy))
	return s
}

func (s *stack) newClient(t *testing.T, hc *http.Client, options ...rest.Option) *rest.Client {
	t.Helper()
	client, err := rest.NewClient(acme, testKey, append(options, rest.WithBaseURL(s.URL+"/v1"),
		rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, hc.Transport)}))...)
	require.NoError(t, err)
	return client
}

// act is the fake: it has one user and knows one key.
func (s *stack) act(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get(acme.Header) != testKey:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodDelete:
		s.acted.Add(1)
		w.WriteHeader(http.StatusNoContent)
	default:
		s.acted.Add(1)
		_, _ = io.WriteString(w, `{"id":7}`)
	}
}

func (s *stack) send(t *testing.T, ctx context.Context, call rest.Call, method string) (*http.Response, error) {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(`{"name":"Ada"}`)
	}
	req, err := http.NewRequestWithContext(rest.WithCall(ctx, call), method, s.URL+"/v1/user?email=ada@example.com", body)
	require.NoError(t, err)
	return s.client.Do(req)
}

// failure is what err must be after any failure: a *rest.Error whose texts hold
// no key, no query and no body.
func failure(t *testing.T, err error) *rest.Error {
	t.Helper()
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		text := fmt.Sprintf(verb, err)
		for _, leak := range []string{testKey, "ada@example.com", "Ada", "body-mark"} {
			assert.NotContains(t, text, leak)
		}
	}
	assert.Equal(t, "acme", e.Provider)
	assert.Equal(t, "/v1/user", e.Path)
	return e
}

const garbage = "body-mark " + testKey

func answering(status int, body string) resttest.Fault {
	return resttest.Fault{Execute: true, Status: status, Body: body}
}

func TestStackServerBehaviours(t *testing.T) {
	get, post, replayable := "GET", "POST", rest.Call{Idempotent: true}
	page := resttest.HTML(502)
	page.Body += garbage
	refusal := resttest.Fault{Status: 400, Body: `{"message":"` + garbage, Cut: resttest.CutBody, CutAfter: 30}
	const no, maybe, yes = rest.ExecutedNo, rest.ExecutedMaybe, rest.ExecutedYes
	tests := []struct {
		name     string
		method   string
		call     rest.Call
		fault    resttest.Fault
		requests int
		acted    int64
		problem  string // empty: the call succeeds
		status   int
		executed rest.Executed
		is       error
	}{
		{"nothing", get, rest.Call{}, resttest.Fault{}, 1, 1, "", 0, no, nil},
		{"201 where 200 is documented", post, rest.Call{}, answering(201, `{"id":7}`), 1, 1, "", 0, no, nil},
		{"203", get, rest.Call{}, answering(203, `{"id":7}`), 1, 1, "", 0, no, nil},
		{"HTML with 502, once", get, rest.Call{}, page, 2, 1, "", 0, no, nil},
		{"HTML with 502, for ever", get, rest.Call{}, page.Repeat(-1), 4, 0, "502 Bad Gateway (after 4 attempts)", 502, maybe, rest.ErrUnavailable},
		{"HTML with 502, not replayable", post, rest.Call{}, page, 1, 0, "502 Bad Gateway", 502, maybe, rest.ErrUnavailable},
		{"HTML with 502, replayable", post, replayable, page, 2, 1, "", 0, no, nil},
		{"HTML with 200", get, rest.Call{}, answering(200, "<html>"+garbage), 1, 1, "the answer is not JSON", 200, yes, nil},
		{"null", get, rest.Call{}, answering(200, "null"), 1, 1, "the answer is null", 200, yes, nil},
		{"null with 201", post, rest.Call{}, answering(201, " null\n"), 1, 1, "the answer is null", 201, yes, nil},
		{"204 where a body is needed", post, rest.Call{}, answering(204, ""), 1, 1, "the answer has no body", 204, yes, nil},
		{"200 without a body", get, rest.Call{}, answering(200, ""), 1, 1, "the answer has no body", 200, yes, nil},
		{"a list", get, rest.Call{}, answering(200, `[{"id":7}]`), 1, 1, "another shape", 200, yes, nil},
		{"a text for a number", get, rest.Call{}, answering(200, `{"id":"`+garbage+`"}`), 1, 1, "another shape", 200, yes, nil},
		{"a text", get, rest.Call{}, answering(200, `"`+garbage+`"`), 1, 1, "another shape", 200, yes, nil},
		{"an object without what is needed", get, rest.Call{}, answering(200, `{}`), 1, 1, "the answer has no id", 200, yes, nil},
		{"cut in the answer, once", get, rest.Call{}, resttest.TruncatedResponse(3), 2, 2, "", 0, no, nil},
		{"cut at the answer's end, once", get, rest.Call{}, resttest.TruncatedResponse(8), 2, 2, "", 0, no, nil},
		{"cut in the answer, not replayable", post, rest.Call{}, resttest.TruncatedResponse(3), 1, 1, "reading the answer: unexpected EOF", 200, yes, io.ErrUnexpectedEOF},
		{"cut in the answer, replayable", post, replayable, resttest.TruncatedResponse(3), 2, 2, "", 0, no, nil},
		{"cut in the answer, for ever", get, rest.Call{}, resttest.TruncatedResponse(3).Repeat(-1), 4, 4, "unexpected EOF (after 4 attempts)", 200, yes, io.ErrUnexpectedEOF},
		{"cut in a refusal", post, rest.Call{}, refusal, 1, 0, "400 Bad Request", 400, no, rest.ErrInvalid},
		{"lost answer", get, rest.Call{}, resttest.LostResponse(), 2, 2, "", 0, no, nil},
		{"lost answer, not replayable", post, rest.Call{}, resttest.LostResponse(), 1, 1, "acme: POST /v1/user: ", 0, maybe, nil},
		{"lost answer, replayable", post, replayable, resttest.LostResponse(), 2, 2, "", 0, no, nil},
		{"lost request", get, rest.Call{}, resttest.Reset(), 2, 1, "", 0, no, nil},
		{"lost request, not replayable", post, rest.Call{}, resttest.Reset(), 1, 0, "acme: POST /v1/user: ", 0, maybe, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onStack(t, func(t *testing.T, s *stack) {
				s.Fail(tt.fault)
				got, err := rest.Decode[user](s.send(t, t.Context(), tt.call, tt.method))
				assert.Len(t, s.Requests(), tt.requests)
				assert.Equal(t, tt.acted, s.acted.Load())
				if tt.problem == "" {
					require.NoError(t, err)
					assert.EqualValues(t, 7, got.ID)
					return
				}
				assert.Zero(t, got)
				e := failure(t, err)
				assert.ErrorContains(t, err, tt.problem)
				assert.Equal(t, tt.status, e.StatusCode)
				assert.Equal(t, tt.executed, e.Executed)
				assert.Equal(t, tt.requests, e.Attempts)
				if tt.is != nil {
					assert.ErrorIs(t, err, tt.is)
				}
			})
		})
	}
}

func TestStackWaitsAfterTruncated429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, start := newStack(t, false), time.Now()
		for range 5 {
			throttle := resttest.Throttle("60")
			throttle.Cut = resttest.CutBody
			s.Fail(throttle)
		}
		s.client = s.newClient(t, s.Client(), rest.WithRetry(backoff.Policy{MaxWait: -1}))
		got, err := rest.Decode[user](s.send(t, t.Context(), rest.Call{}, "POST"))
		require.NoError(t, err)
		assert.EqualValues(t, 7, got.ID)
		assert.InDelta(t, 5*60, time.Since(start).Seconds(), 10)
		assert.EqualValues(t, 1, s.acted.Load())
	})
}

func TestStackAcceptsEmptyResponse(t *testing.T) {
	onStack(t, func(t *testing.T, s *stack) {
		require.NoError(t, rest.Discard(s.send(t, t.Context(), rest.Call{}, "DELETE")))
		s.Fail(resttest.LostResponse(), resttest.Status(404))
		err := rest.Discard(s.send(t, t.Context(), rest.Call{}, "DELETE"))
		require.ErrorIs(t, err, rest.ErrNotFound)
		assert.Equal(t, rest.ExecutedMaybe, failure(t, err).Executed)
		require.NoError(t, rest.IgnoreGone(err))
	})
}
