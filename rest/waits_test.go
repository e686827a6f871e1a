package rest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/waitlimit"
	"github.com/usersync/usersync/rest"
)

func TestWaitIsAtLeastRetryAfter(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		min    time.Duration
		max    time.Duration
	}{
		{"Retry-After: 60", []string{"Retry-After", "60"}, time.Minute, 61 * time.Second},
		{"Retry-After: 0", []string{"Retry-After", "0"}, time.Second, 1100 * time.Millisecond},
		{"X-RateLimit-Reset", []string{"X-RateLimit-Reset", "30"}, 30 * time.Second, 31 * time.Second},
		{"none", nil, 1, 1100 * time.Millisecond},
	}
	for _, tt := range tests {
		for _, code := range []int{429, 503} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &script{t: t, steps: []func() (*http.Response, error){status(code, tt.header...), status(200)}}
					_, err := s.do(t.Context(), rest.Call{}, "GET")
					require.NoError(t, err)
					wait := s.times[1].Sub(s.times[0])
					assert.GreaterOrEqual(t, wait, tt.min)
					assert.LessOrEqual(t, wait, tt.max+500*time.Millisecond) // the pacer's jitter
				})
			})
		}
	}
}

func TestWaitPastDeadlineFailsImmediately(t *testing.T) {
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

func TestContextThatEndsDuringWaitReturnsBothErrors(t *testing.T) {
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

func TestRetryAfterOverMaxReturns429(t *testing.T) {
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
			assert.ErrorContains(t, err, "Retry-After exceeds MaxRetryAfter")
		}
	})
}

func TestMaxWaitLimitsTotalWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "60")}}
		start := time.Now()
		_, err := s.do(t.Context(), rest.Call{}, "POST")
		require.ErrorIs(t, err, rest.ErrRateLimited)
		assert.ErrorContains(t, err, "MaxWait")
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
		assert.Positive(t, e.RetryAfter, "without Retry-After: the wait that did not fit")

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s = &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "60")}}
		start = time.Now()
		_, err = s.do(ctx, rest.Call{}, "POST", rest.WithRetry(backoff.Policy{MaxWait: -1}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Greater(t, time.Since(start), 58*time.Minute, "without a limit the context decides")
	})
}

// In a run of upsert.All the limit of the run replaces that of the policy.
func TestWaitLimitOfContextReplacesPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tests := []struct {
			limit      time.Duration
			retryAfter string
			ok         bool
		}{
			{time.Hour, "1800", true},
			{time.Hour, "3599", true},
			{time.Hour, "3601", false},
			{time.Second, "2", false},
			{0, "1", false},
			{-1, "3601", true},
		}
		for _, tt := range tests {
			for _, code := range []int{429, 503} {
				s := &script{t: t, steps: []func() (*http.Response, error){status(code, "Retry-After", tt.retryAfter), status(200)}}
				// This pacer leaves the wait to the call.
				_, err := s.do(waitlimit.With(t.Context(), &waitlimit.Call{MaxWait: tt.limit}), rest.Call{}, "GET", rest.WithPacer(ignoring429{}))
				assert.Equal(t, tt.ok, err == nil, "%v", tt)
			}
		}
		quota := rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}})
		s := &script{t: t, steps: []func() (*http.Response, error){status(200)}}
		client := newClient(t, s.RoundTrip, quota)
		for range 2 {
			_, err := client.Do(newRequest(t, waitlimit.With(t.Context(), &waitlimit.Call{MaxWait: 2 * time.Hour}), "GET", "/user", ""))
			require.NoError(t, err)
		}
	})
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

// A run makes fewer attempts, for example one during a pause.
func TestRunLimitsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for limit, attempts := range map[int]int{0: 4, 1: 1, 3: 3, 9: 4} {
			s := &script{t: t, steps: []func() (*http.Response, error){status(500)}}
			ctx := waitlimit.With(t.Context(), &waitlimit.Call{MaxWait: time.Hour, MaxAttempts: limit})
			_, err := s.do(ctx, rest.Call{}, "GET")
			var e *rest.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, attempts, e.Attempts)
		}
	})
}

// Retry-After counts only with a status that asks the client to wait.
func TestRetryAfterOnOtherStatusesIsIgnored(t *testing.T) {
	for status, want := range map[int]bool{400: false, 403: false, 500: false, 429: true, 503: true} {
		client := newClient(t, func(*http.Request) (*http.Response, error) {
			resp := reply(status, `{}`)
			resp.Header.Set("Retry-After", "600")
			return resp, nil
		})
		_, err := client.Do(newRequest(t, t.Context(), "POST", "/user", `{}`))
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, want, e.RetryAfter > 0, status)
	}
}
