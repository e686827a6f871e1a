package rest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/waitlimit"
	"github.com/usersync/usersync/rest"
)

// script returns one response after the other. The last step repeats.
type script struct {
	t      testing.TB
	steps  []func() (*http.Response, error)
	bodies []string
	times  []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		require.NoError(s.t, err)
		require.NoError(s.t, r.Body.Close())
		body = string(data)
	}
	s.bodies, s.times = append(s.bodies, body), append(s.times, time.Now())
	step := s.steps[min(len(s.bodies), len(s.steps))-1]
	return step()
}

func (s *script) sent() int { return len(s.bodies) }

func status(code int, headers ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		resp := reply(code, `{"id":7}`)
		for i := 0; i < len(headers); i += 2 {
			resp.Header.Set(headers[i], headers[i+1])
		}
		return resp, nil
	}
}

func broken(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

// cut returns a 200 whose body ends early.
func cut() (*http.Response, error) {
	resp := reply(200, "")
	resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"id"`), failing{})), -1
	return resp, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var (
	reset   = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	noConn  = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	noHost  = &net.DNSError{Err: "no such host", IsNotFound: true}
	dnsDown = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	badCert = &tls.CertificateVerificationError{Err: errors.New("expired")}
)

// do runs one call against the script, in virtual time.
func (s *script) do(ctx context.Context, call rest.Call, method string, options ...rest.Option) (*http.Response, error) {
	client := newClient(s.t, s.RoundTrip, options...)
	return client.Do(newRequest(s.t, rest.WithCall(ctx, call), method, "/user", `{"email":"ada@example.com"}`))
}

func TestRetryMatrix(t *testing.T) {
	idempotent, once := rest.Call{Idempotent: true}, rest.Call{Idempotent: true, NoRetry: true}
	tests := []struct {
		name    string
		method  string
		call    rest.Call
		first   func() (*http.Response, error)
		retried bool
	}{
		{"429 after POST", "POST", rest.Call{}, status(429), true},
		{"429 after PATCH", "PATCH", rest.Call{}, status(429), true},
		{"429 after a POST that is sent once", "POST", once, status(429), false},
		{"502 after GET", "GET", rest.Call{}, status(502), true},
		{"503 after HEAD", "HEAD", rest.Call{}, status(503), true},
		{"504 after PUT", "PUT", rest.Call{}, status(504), true},
		{"502 after DELETE", "DELETE", rest.Call{}, status(502), true},
		{"503 after POST", "POST", rest.Call{}, status(503), false},
		{"503 after an idempotent POST", "POST", idempotent, status(503), true},
		{"503 after a POST that is sent once", "POST", once, status(503), false},
		{"500 after GET", "GET", rest.Call{}, status(500), true},
		{"500 after POST", "POST", rest.Call{}, status(500), false},
		{"500 after an idempotent POST", "POST", idempotent, status(500), true},
		{"501 after GET", "GET", rest.Call{}, status(501), false},
		{"520 after GET", "GET", rest.Call{}, status(520), true},
		{"527 after GET", "GET", rest.Call{}, status(527), true},
		{"528 after GET", "GET", rest.Call{}, status(528), false},
		{"529 after GET", "GET", rest.Call{}, status(529), false},
		{"530 after GET", "GET", rest.Call{}, status(530), true},
		{"530 after POST", "POST", rest.Call{}, status(530), false},
		{"408 after GET", "GET", rest.Call{}, status(408), true},
		{"408 after POST", "POST", rest.Call{}, status(408), false},
		{"425 after GET", "GET", rest.Call{}, status(425), true},
		{"425 after POST", "POST", rest.Call{}, status(425), false},
		{"400 after GET", "GET", rest.Call{}, status(400), false},
		{"302 after GET", "GET", rest.Call{}, status(302), false},
		{"reset after GET", "GET", rest.Call{}, broken(reset), true},
		{"reset after POST", "POST", rest.Call{}, broken(reset), false},
		{"reset after an idempotent POST", "POST", idempotent, broken(reset), true},
		{"connection refused, POST", "POST", rest.Call{}, broken(noConn), true},
		{"connection refused, a POST that is sent once", "POST", once, broken(noConn), false},
		{"DNS failure for POST", "POST", rest.Call{}, broken(dnsDown), true},
		{"unknown host for GET", "GET", rest.Call{}, broken(noHost), true},
		{"unknown host for POST", "POST", rest.Call{}, broken(noHost), true},
		{"unknown host for a POST that is sent once", "POST", once, broken(noHost), false},
		{"bad certificate", "GET", rest.Call{}, broken(badCert), false},
		{"truncated response to GET", "GET", rest.Call{}, cut, true},
		{"truncated response to POST", "POST", rest.Call{}, cut, false},
		{"truncated response to an idempotent POST", "POST", idempotent, cut, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{t: t, steps: []func() (*http.Response, error){tt.first, status(200)}}
				_, err := s.do(t.Context(), tt.call, tt.method)
				if !tt.retried {
					var e *rest.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, 1, e.Attempts)
					assert.Equal(t, 1, s.sent())
					return
				}
				require.NoError(t, err)
				require.Equal(t, 2, s.sent())
				assert.Equal(t, s.bodies[0], s.bodies[1], "the body is rewound exactly")
				assert.NotEmpty(t, s.bodies[1])
				assert.Positive(t, s.times[1].Sub(s.times[0]))
			})
		})
	}
}

func TestAttemptsAreLimitedBut429sDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){status(503)}}
		_, err := s.do(t.Context(), rest.Call{Operation: "Get"}, "GET")
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 4, s.sent())
		assert.Equal(t, 4, e.Attempts)
		assert.Equal(t, 503, e.StatusCode)
		assert.Equal(t, `{"id":7}`, string(e.Body), "the last response")
		assert.ErrorContains(t, err, "(after 4 attempts)")

		s = &script{t: t, steps: []func() (*http.Response, error){status(429), status(429), status(429), status(503), status(503), status(503), status(200)}}
		_, err = s.do(t.Context(), rest.Call{}, "GET")
		require.NoError(t, err)
		assert.Equal(t, 7, s.sent())

		// In a run they count: the run tries another user.
		inRun := waitlimit.With(t.Context(), &waitlimit.Call{MaxWait: time.Hour})
		s = &script{t: t, steps: []func() (*http.Response, error){status(429), status(429, "Retry-After", "1"), status(503), status(429)}}
		_, err = s.do(inRun, rest.Call{}, "GET")
		require.ErrorIs(t, err, rest.ErrRateLimited)
		assert.Equal(t, 4, s.sent())
	})
}

func TestExecutedStaysMaybeAfterUnknownAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){broken(reset), status(404)}}
		_, err := s.do(t.Context(), rest.Call{}, "DELETE")
		require.ErrorIs(t, err, rest.ErrNotFound)
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.NoError(t, rest.IgnoreGone(err))

		s = &script{t: t, steps: []func() (*http.Response, error){status(429), status(404)}}
		_, err = s.do(t.Context(), rest.Call{}, "DELETE")
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Error(t, rest.IgnoreGone(err))

		// A refused connection after a lost response proves nothing.
		s = &script{t: t, steps: []func() (*http.Response, error){broken(reset), broken(noConn)}}
		_, err = s.do(t.Context(), rest.Call{Idempotent: true}, "POST")
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
	})
}

func TestBodyWithoutGetBodyIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){status(429), status(200)}}
		client := newClient(t, s.RoundTrip)
		req := newRequest(t, t.Context(), "PUT", "/user", "")
		req.Body = io.NopCloser(strings.NewReader("stream"))
		_, err := client.Do(req)
		require.ErrorIs(t, err, rest.ErrRateLimited)
		assert.Equal(t, []string{"stream"}, s.bodies)

		s = &script{t: t, steps: []func() (*http.Response, error){status(429), status(200)}}
		client = newClient(t, s.RoundTrip)
		req = newRequest(t, t.Context(), "PUT", "/user", "body")
		req.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
		_, err = client.Do(req)
		require.ErrorIs(t, err, rest.ErrRateLimited)
		require.ErrorIs(t, err, io.ErrClosedPipe)
	})
}

func TestCancelledContextSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("shutting down")
	cancel(reason)
	s := &script{t: t}
	client := newClient(t, s.RoundTrip)
	req := newRequest(t, ctx, "POST", "/user", "")
	body := &closeSpy{}
	req.Body = body
	_, err := client.Do(req)
	assert.True(t, body.closed)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, reason)
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Zero(t, e.Attempts)
	assert.Equal(t, rest.ExecutedNo, e.Executed)
	assert.Zero(t, s.sent())
}

// closeSpy is a body that records Close.
type closeSpy struct{ closed bool }

func (*closeSpy) Read([]byte) (int, error) { return 0, io.EOF }

func (c *closeSpy) Close() error {
	c.closed = true
	return nil
}
