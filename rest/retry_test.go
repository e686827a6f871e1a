package rest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// script answers one request after the other; the last step repeats.
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

// cut answers 200 and breaks off in the middle of the body.
func cut() (*http.Response, error) {
	resp := reply(200, "")
	resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"id"`), failing{})), -1
	return resp, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var (
	reset   = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	refusal = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	noHost  = &net.DNSError{Err: "no such host", IsNotFound: true}
	dnsDown = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	badCert = &tls.CertificateVerificationError{Err: errors.New("expired")}
)

// do runs one call against the script, in virtual time.
func (s *script) do(ctx context.Context, call rest.Call, method string, options ...rest.Option) (*http.Response, error) {
	client := newClient(s.t, s.RoundTrip, options...)
	return client.Do(newRequest(s.t, rest.WithCall(ctx, call), method, "/user", `{"email":"ada@example.com"}`))
}

func TestWhatIsSentAgain(t *testing.T) {
	idempotent, once := rest.Call{Idempotent: true}, rest.Call{Idempotent: true, Once: true}
	tests := []struct {
		name   string
		method string
		call   rest.Call
		first  func() (*http.Response, error)
		again  bool
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
		{"500 after GET", "GET", rest.Call{}, status(500), false},
		{"529 after GET", "GET", rest.Call{}, status(529), false},
		{"408 after GET", "GET", rest.Call{}, status(408), false},
		{"425 after GET", "GET", rest.Call{}, status(425), false},
		{"400 after GET", "GET", rest.Call{}, status(400), false},
		{"302 after GET", "GET", rest.Call{}, status(302), false},
		{"reset after GET", "GET", rest.Call{}, broken(reset), true},
		{"reset after POST", "POST", rest.Call{}, broken(reset), false},
		{"reset after an idempotent POST", "POST", idempotent, broken(reset), true},
		{"refused connection for POST", "POST", rest.Call{}, broken(refusal), true},
		{"refused connection for a POST that is sent once", "POST", once, broken(refusal), false},
		{"DNS failure for POST", "POST", rest.Call{}, broken(dnsDown), true},
		{"unknown host", "GET", rest.Call{}, broken(noHost), false},
		{"bad certificate", "GET", rest.Call{}, broken(badCert), false},
		{"answer to GET cut", "GET", rest.Call{}, cut, true},
		{"answer to POST cut", "POST", rest.Call{}, cut, false},
		{"answer to an idempotent POST cut", "POST", idempotent, cut, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{t: t, steps: []func() (*http.Response, error){tt.first, status(200)}}
				_, err := s.do(t.Context(), tt.call, tt.method)
				if !tt.again {
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
		assert.Equal(t, `{"id":7}`, string(e.Body), "the last answer, whole")
		assert.ErrorContains(t, err, "(after 4 attempts)")

		s = &script{t: t, steps: []func() (*http.Response, error){status(429), status(429), status(429), status(429), status(429), status(503), status(503), status(503), status(200)}}
		_, err = s.do(t.Context(), rest.Call{}, "GET")
		require.NoError(t, err)
		assert.Equal(t, 9, s.sent())
	})
}

func TestWaitsAreAtLeastTheServersWish(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		least  time.Duration
		most   time.Duration
	}{
		{"Retry-After: 60", []string{"Retry-After", "60"}, time.Minute, 61 * time.Second},
		{"Retry-After: 0", []string{"Retry-After", "0"}, time.Second, 1100 * time.Millisecond},
		{"X-RateLimit-Reset", []string{"X-RateLimit-Reset", "30"}, 30 * time.Second, 31 * time.Second},
		{"no wish", nil, 1, 1100 * time.Millisecond},
	}
	for _, tt := range tests {
		for _, code := range []int{429, 503} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{t: t, steps: []func() (*http.Response, error){status(code, tt.header...), status(200)}}
					_, err := s.do(t.Context(), rest.Call{}, "GET")
					require.NoError(t, err)
					wait := s.times[1].Sub(s.times[0])
					assert.GreaterOrEqual(t, wait, tt.least)
					assert.LessOrEqual(t, wait, tt.most+500*time.Millisecond) // the pacer's jitter
				})
			})
		}
	}
}

func TestAWaitThatDoesNotFitTheDeadlineIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		s := &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "60")}}
		start := time.Now()
		_, err := s.do(ctx, rest.Call{}, "POST")
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, s.sent())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, rest.ErrRateLimited)
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 429, e.StatusCode)
		assert.Equal(t, time.Minute, e.RetryAfter)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
	})
}

func TestAContextThatEndsDuringAWaitGivesBothErrors(t *testing.T) {
	reason := errors.New("shutting down")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "60")}}
		time.AfterFunc(10*time.Second, func() { cancel(reason) })
		start := time.Now()
		_, err := s.do(ctx, rest.Call{}, "POST")
		assert.Equal(t, 10*time.Second, time.Since(start))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, reason)
		require.ErrorIs(t, err, rest.ErrRateLimited)
		assert.ErrorContains(t, err, "shutting down")
		assert.NotContains(t, err.Error(), "\n")
	})
}

func TestAWishOverTheCapIsHandedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, code := range []int{429, 503} {
			s := &script{t: t, steps: []func() (*http.Response, error){status(code, "Retry-After", "121")}}
			start := time.Now()
			_, err := s.do(t.Context(), rest.Call{}, "GET")
			var e *rest.Error
			require.ErrorAs(t, err, &e)
			assert.Zero(t, time.Since(start))
			assert.Equal(t, code, e.StatusCode)
			assert.Equal(t, 121*time.Second, e.RetryAfter)
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorContains(t, err, "longer wait than the retry policy allows")
		}
	})
}

func TestWaitingIsLimitedInSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "60")}}
		start := time.Now()
		_, err := s.do(t.Context(), rest.Call{}, "POST")
		require.ErrorIs(t, err, rest.ErrRateLimited)
		assert.ErrorContains(t, err, "no further waiting")
		assert.LessOrEqual(t, time.Since(start), 5*time.Minute)
		assert.Greater(t, time.Since(start), 3*time.Minute)

		s = &script{t: t, steps: []func() (*http.Response, error){status(429)}}
		start = time.Now()
		_, err = s.do(t.Context(), rest.Call{}, "POST", rest.WithRetry(backoff.Policy{MaxWait: 1}))
		require.ErrorIs(t, err, rest.ErrRateLimited)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, s.sent())
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Positive(t, e.RetryAfter, "without a wish of the server's, the wait it would have taken")

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s = &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "60")}}
		start = time.Now()
		_, err = s.do(ctx, rest.Call{}, "POST", rest.WithRetry(backoff.Policy{MaxWait: -1}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Greater(t, time.Since(start), 58*time.Minute, "without a limit the context decides")
	})
}

func TestExecutedStaysMaybeOnceInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){broken(reset), status(404)}}
		_, err := s.do(t.Context(), rest.Call{}, "DELETE")
		require.ErrorIs(t, err, rest.ErrNotFound)
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.NoError(t, rest.Gone(err))

		s = &script{t: t, steps: []func() (*http.Response, error){status(429), status(404)}}
		_, err = s.do(t.Context(), rest.Call{}, "DELETE")
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Error(t, rest.Gone(err))

		// A refused connection after a lost answer must not be taken for proof.
		s = &script{t: t, steps: []func() (*http.Response, error){broken(reset), broken(refusal)}}
		_, err = s.do(t.Context(), rest.Call{Idempotent: true}, "POST")
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
	})
}

func TestABodyThatCannotBeRewoundIsSentOnce(t *testing.T) {
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

func TestACancelledContextSendsNothing(t *testing.T) {
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

// closeSpy is a body that remembers being closed.
type closeSpy struct{ closed bool }

func (*closeSpy) Read([]byte) (int, error) { return 0, io.EOF }

func (c *closeSpy) Close() error {
	c.closed = true
	return nil
}

func TestAnAttemptHasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts int
		client := newClient(t, func(r *http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return reply(200, `{}`), nil
		}, rest.WithTimeout(5*time.Second))
		_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.NoError(t, err)
		assert.Equal(t, 2, attempts)

		attempts = 0
		start := time.Now()
		_, err = client.Do(newRequest(t, t.Context(), "POST", "/user", "{}"))
		assert.Equal(t, 5*time.Second, time.Since(start))
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's deadline has not passed")
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, rest.ExecutedMaybe, e.Executed)
		assert.ErrorContains(t, err, "no whole answer within 5s")
	})
}

func TestARefusalThatTricklesDoesNotHoldTheCallerUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, func(r *http.Request) (*http.Response, error) {
			resp := reply(400, "")
			resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"message":"no"`), blocked{r.Context()})), -1
			return resp, nil
		})
		start := time.Now()
		_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.Equal(t, 3*time.Second, time.Since(start))
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, `{"message":"no"`, string(e.Body))
	})
}

// blocked is a body whose next byte never comes.
type blocked struct{ ctx context.Context }

func (b blocked) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func TestWaitsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "60"), broken(reset), status(200)}}
		_, err := s.do(t.Context(), rest.Call{Operation: "GetUser"}, "GET", rest.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 2)
		assert.Contains(t, lines[0], "provider=acme operation=GetUser method=GET path=/v1/user attempt=1 wait=1m0")
		assert.Contains(t, lines[0], "status=429")
		assert.Contains(t, lines[1], `attempt=2`)
		assert.Contains(t, lines[1], "connection reset")
	})
}

// Over a real connection the hooks of net/http tell a request that never left
// from one whose answer was lost.
func TestExecutedOverARealConnection(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	untrusted := httptest.NewTLSServer(nil)
	defer untrusted.Close()
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	cutting := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cutting.Close()
	tests := []struct {
		name, url string
		executed  rest.Executed
	}{
		{"refused connection", closed.URL, rest.ExecutedNo},
		{"untrusted certificate", untrusted.URL, rest.ExecutedNo},
		{"lost answer", cutting.URL, rest.ExecutedMaybe},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, err := rest.NewClient(acme, testKey, rest.WithBaseURL(tt.url), rest.WithRetry(backoff.Policy{MaxWait: 1}))
			require.NoError(t, err)
			req, err := http.NewRequestWithContext(t.Context(), "POST", tt.url+"/user?email=ada@example.com", strings.NewReader("{}"))
			require.NoError(t, err)
			_, err = client.Do(req)
			var e *rest.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.executed, e.Executed)
			assert.Zero(t, e.StatusCode)
			assert.NotContains(t, err.Error(), "ada@example.com")
		})
	}
}
