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

// stack is a client of a fake acme, whose server can inject faults.
type stack struct {
	*resttest.Server
	client   *rest.Client
	executed atomic.Int64
}

// onStack runs test in memory, in a synctest bubble with the default waits, and
// over loopback with short waits.
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
	s.Server = resttest.NewServer("acme", http.HandlerFunc(s.handle))
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

// handle is the fake: it has one user and one key.
func (s *stack) handle(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get(acme.Header) != testKey:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodDelete:
		s.executed.Add(1)
		w.WriteHeader(http.StatusNoContent)
	default:
		s.executed.Add(1)
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

// failure checks that err is a *rest.Error whose texts contain no key, no query
// and no body.
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

func response(status int, body string) resttest.Fault {
	return resttest.Fault{Execute: true, Status: status, Body: body}
}

func TestStackServerBehaviours(t *testing.T) {
	get, post, idempotent := "GET", "POST", rest.Call{Idempotent: true}
	page := resttest.HTML(502)
	page.Body += garbage
	truncated := resttest.Fault{Status: 400, Body: `{"message":"` + garbage, Cut: resttest.CutBody, CutAfter: 30}
	const no, maybe, yes = rest.ExecutedNo, rest.ExecutedMaybe, rest.ExecutedYes
	tests := []struct {
		name       string
		method     string
		call       rest.Call
		fault      resttest.Fault
		requests   int
		executions int64
		problem    string // empty: the call succeeds
		status     int
		executed   rest.Executed
		is         error
	}{
		{"no fault", get, rest.Call{}, resttest.Fault{}, 1, 1, "", 0, no, nil},
		{"201 instead of 200", post, rest.Call{}, response(201, `{"id":7}`), 1, 1, "", 0, no, nil},
		{"203", get, rest.Call{}, response(203, `{"id":7}`), 1, 1, "", 0, no, nil},
		{"HTML with 502, once", get, rest.Call{}, page, 2, 1, "", 0, no, nil},
		{"HTML with 502, every time", get, rest.Call{}, page.Repeat(-1), 4, 0, "502 Bad Gateway (after 4 attempts)", 502, maybe, rest.ErrUnavailable},
		{"HTML with 502, not idempotent", post, rest.Call{}, page, 1, 0, "502 Bad Gateway", 502, maybe, rest.ErrUnavailable},
		{"HTML with 502, idempotent", post, idempotent, page, 2, 1, "", 0, no, nil},
		{"HTML with 200", get, rest.Call{}, response(200, "<html>"+garbage), 1, 1, "HTML page instead of JSON", 200, yes, nil},
		{"null", get, rest.Call{}, response(200, "null"), 1, 1, "invalid response: null", 200, yes, nil},
		{"null with 201", post, rest.Call{}, response(201, " null\n"), 1, 1, "invalid response: null", 201, yes, nil},
		{"204 instead of a body", post, rest.Call{}, response(204, ""), 1, 1, "empty body", 204, yes, nil},
		{"200 without a body", get, rest.Call{}, response(200, ""), 1, 1, "empty body", 200, yes, nil},
		{"a list", get, rest.Call{}, response(200, `[{"id":7}]`), 1, 1, "JSON array", 200, yes, nil},
		{"a text for a number", get, rest.Call{}, response(200, `{"id":"`+garbage+`"}`), 1, 1, `"id" is not of type int64`, 200, yes, nil},
		{"a text", get, rest.Call{}, response(200, `"`+garbage+`"`), 1, 1, "JSON string", 200, yes, nil},
		{"an object without id", get, rest.Call{}, response(200, `{}`), 1, 1, "no id", 200, yes, nil},
		{"truncated, once", get, rest.Call{}, resttest.TruncatedResponse(3), 2, 2, "", 0, no, nil},
		{"truncated at the end, once", get, rest.Call{}, resttest.TruncatedResponse(8), 2, 2, "", 0, no, nil},
		{"truncated, not idempotent", post, rest.Call{}, resttest.TruncatedResponse(3), 1, 1, "reading the response: unexpected EOF", 200, yes, io.ErrUnexpectedEOF},
		{"truncated, idempotent", post, idempotent, resttest.TruncatedResponse(3), 2, 2, "", 0, no, nil},
		{"truncated, every time", get, rest.Call{}, resttest.TruncatedResponse(3).Repeat(-1), 4, 4, "unexpected EOF (after 4 attempts)", 200, yes, io.ErrUnexpectedEOF},
		{"truncated error response", post, rest.Call{}, truncated, 1, 0, "400 Bad Request", 400, no, rest.ErrInvalid},
		{"lost response", get, rest.Call{}, resttest.LostResponse(), 2, 2, "", 0, no, nil},
		{"lost response, not idempotent", post, rest.Call{}, resttest.LostResponse(), 1, 1, "acme: POST /v1/user: ", 0, maybe, nil},
		{"lost response, idempotent", post, idempotent, resttest.LostResponse(), 2, 2, "", 0, no, nil},
		{"lost request", get, rest.Call{}, resttest.Reset(), 2, 1, "", 0, no, nil},
		{"lost request, not idempotent", post, rest.Call{}, resttest.Reset(), 1, 0, "acme: POST /v1/user: ", 0, maybe, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onStack(t, func(t *testing.T, s *stack) {
				s.Fail(tt.fault)
				got, err := rest.Decode[user](s.send(t, t.Context(), tt.call, tt.method))
				assert.Len(t, s.Requests(), tt.requests)
				assert.Equal(t, tt.executions, s.executed.Load())
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
		assert.InDelta(t, 5*63, time.Since(start).Seconds(), 5*3+1, "each wait is 60 s and up to a tenth more")
		assert.EqualValues(t, 1, s.executed.Load())
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
