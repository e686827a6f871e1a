package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

func TestStackSendsNothingAfterContextEnded(t *testing.T) {
	onStack(t, func(t *testing.T, s *stack) {
		ctx, cancel := context.WithCancelCause(t.Context())
		shutdown := errors.New("shutting down")
		cancel(shutdown)
		_, err := s.send(t, ctx, rest.Call{}, "POST")
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, shutdown)
		e := failure(t, err)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Zero(t, e.Attempts)
		assert.Empty(t, s.Requests())
	})
}

// A call ends with its context, returns the reason, and is not retried.
func TestStackEndsWithItsContext(t *testing.T) {
	shutdown := errors.New("shutting down")
	ends := map[string]struct {
		context func(context.Context) (context.Context, context.CancelFunc)
		is      []error
	}{
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Minute/4, cancel)
			return ctx, cancel
		}, []error{context.Canceled}},
		"cancelled for a cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Minute/4, func() { cancel(shutdown) })
			return ctx, func() { cancel(nil) }
		}, []error{context.Canceled, shutdown}},
		"out of time": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute/4)
		}, []error{context.DeadlineExceeded}},
		"out of time for a cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Minute/4, shutdown)
		}, []error{context.DeadlineExceeded, shutdown}},
	}
	moments := map[string]struct {
		fault    resttest.Fault
		executed rest.Executed
		status   int
	}{
		"before the response": {resttest.Fault{Delay: time.Hour}, rest.ExecutedMaybe, 0},
		"during the response": {resttest.Fault{ByteDelay: time.Hour}, rest.ExecutedYes, 200},
	}
	for end, e := range ends {
		for moment, m := range moments {
			t.Run(end+" "+moment, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, start := newStack(t, false), time.Now()
					ctx, cancel := e.context(t.Context())
					defer cancel()
					s.Fail(m.fault)
					_, err := s.send(t, ctx, rest.Call{Idempotent: true}, "POST")
					assert.Equal(t, time.Minute/4, time.Since(start))
					for _, want := range e.is {
						require.ErrorIs(t, err, want)
					}
					f := failure(t, err)
					assert.Equal(t, m.executed, f.Executed)
					assert.Equal(t, m.status, f.StatusCode)
					assert.Equal(t, 1, f.Attempts)
				})
			})
		}
	}
}

// An attempt that takes too long ends and is retried if that is safe. It is not a
// context error: the caller's deadline has not passed.
func TestStackLimitsSlowResponses(t *testing.T) {
	for name, fault := range map[string]resttest.Fault{
		"late": {Delay: time.Hour}, "trickled": {ByteDelay: 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, start := newStack(t, false), time.Now()
				s.Fail(fault.Repeat(2))
				_, err := s.send(t, t.Context(), rest.Call{}, "GET")
				require.NoError(t, err)
				assert.InDelta(t, 60, time.Since(start).Seconds(), 2, "two attempts of 30 s")

				s.Fail(fault)
				_, err = s.send(t, t.Context(), rest.Call{}, "POST")
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "attempt timed out after 30s")
				assert.NotEqual(t, rest.ExecutedNo, failure(t, err).Executed)
			})
		})
	}
}

// The status of an error response is known: a slow body takes seconds at most.
func TestStackKeepsStatusOfSlowErrorBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, start := newStack(t, false), time.Now()
		s.Fail(resttest.Fault{Status: 422, Body: `{"message":"no"}`, ByteDelay: time.Second})
		_, err := s.send(t, t.Context(), rest.Call{}, "POST")
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.LessOrEqual(t, time.Since(start), 5*time.Second)
		assert.Equal(t, rest.ExecutedNo, failure(t, err).Executed)
	})
}

func TestStackLimitsWhatItReads(t *testing.T) {
	const size = 1 << 30
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	_, err := zip.Write(make([]byte, 12<<20))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	announced := http.Header{"Content-Length": {"1073741824"}}
	tests := []struct {
		name   string
		fault  resttest.Fault
		status int
		is     error
	}{
		{"valid but endless", resttest.Fault{Status: 200, Body: `{"id":7}`, Size: size}, 200, rest.ErrTooLarge},
		{"announced", resttest.Fault{Status: 200, Body: `{"id":7}`, Size: size, Header: announced}, 200, rest.ErrTooLarge},
		{"compressed", resttest.Fault{Status: 200, Body: bomb.String(), Header: http.Header{"Content-Encoding": {"gzip"}}}, 200, rest.ErrTooLarge},
		{"error response", resttest.Fault{Status: 422, Body: `{"message":"no"}`, Size: size}, 422, rest.ErrInvalid},
		{"error response, announced", resttest.Fault{Status: 501, Size: size, Header: announced}, 501, rest.ErrUnavailable},
		{"announced and never sent", resttest.Fault{Status: 200, Header: announced, Cut: resttest.CutBody}, 200, rest.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onStack(t, func(t *testing.T, s *stack) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				s.Fail(tt.fault)
				got, err := rest.Decode[user](s.send(t, t.Context(), rest.Call{}, "GET"))
				runtime.ReadMemStats(&after)
				require.ErrorIs(t, err, tt.is)
				e := failure(t, err)
				assert.Equal(t, tt.status, e.StatusCode)
				assert.Equal(t, 1, e.Attempts)
				assert.LessOrEqual(t, len(e.Body), 64<<10)
				assert.Zero(t, got)
				assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(128<<20), "the limit is 10 MiB, and a buffer doubles")
			})
		})
	}
}

// A response within the limit is complete.
func TestStackReadsUpToLimit(t *testing.T) {
	onStack(t, func(t *testing.T, s *stack) {
		s.client = s.newClient(t, s.Client(), rest.WithResponseLimit(1<<20))
		exact := resttest.Fault{Status: 200, Body: `{"id":7}`, Size: 1 << 20}
		over := exact
		over.Size++
		s.Fail(exact, over)
		got, err := rest.Decode[user](s.send(t, t.Context(), rest.Call{}, "GET"))
		require.NoError(t, err)
		assert.EqualValues(t, 7, got.ID)
		_, err = s.send(t, t.Context(), rest.Call{}, "GET")
		require.ErrorIs(t, err, rest.ErrTooLarge)
	})
}

// The key is not sent to the target of a redirect.
func TestStackDoesNotFollowRedirects(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "POST"} {
			onStack(t, func(t *testing.T, s *stack) {
				other := newStack(t, s.URL[:5] == "http:")
				// The transport reaches both servers, as one on the internet would.
				both := transport(func(r *http.Request) (*http.Response, error) {
					if "https://"+r.URL.Host == other.URL || "http://"+r.URL.Host == other.URL {
						return other.Client().Transport.RoundTrip(r)
					}
					return s.Client().Transport.RoundTrip(r)
				})
				s.client = s.newClient(t, &http.Client{Transport: both})
				for _, place := range []string{other.URL + "/v1/user?token=body-mark", "/login", "//[", ""} {
					s.Fail(resttest.Fault{Status: status, Header: http.Header{"Location": {place}}})
					_, err := s.send(t, t.Context(), rest.Call{}, method)
					require.ErrorIs(t, err, rest.ErrRedirect)
					e := failure(t, err)
					assert.Equal(t, status, e.StatusCode)
					assert.Equal(t, 1, e.Attempts)
				}
				assert.Len(t, s.Requests(), 4)
				assert.Empty(t, other.Requests())
			})
		}
	}
}

// Nothing is sent if the connection fails, so every request may be retried.
func TestStackRetriesFailedDial(t *testing.T) {
	onStack(t, func(t *testing.T, s *stack) {
		s.Close()
		_, err := s.send(t, t.Context(), rest.Call{}, "POST")
		e := failure(t, err)
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Equal(t, backoff.DefaultMaxAttempts, e.Attempts)
		assert.ErrorContains(t, err, "connection refused")
	})
}

// Connections are reused after an error response.
func TestStackReusesConnectionsAcrossErrors(t *testing.T) {
	s := newStack(t, true)
	dialled := 0
	trace := &httptrace.ClientTrace{ConnectDone: func(string, string, error) { dialled++ }}
	rejection := resttest.Status(422)
	rejection.Size = 60 << 10
	s.Fail(rejection.Repeat(20))
	for range 20 {
		_, err := s.send(t, httptrace.WithClientTrace(t.Context(), trace), rest.Call{}, "POST")
		require.ErrorIs(t, err, rest.ErrInvalid)
	}
	assert.Equal(t, 1, dialled)
}
