package rest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

func TestWaitRetry(t *testing.T) {
	tests := []struct {
		name     string
		err      error
		n        int
		policy   backoff.Policy
		deadline time.Duration
		min      time.Duration // of the wait; negative: none, and err is returned
		also     error         // matched by the returned error
	}{
		{"backoff", &rest.Error{StatusCode: 500}, 1, backoff.Policy{}, 0, time.Millisecond, nil},
		{"Retry-After", &rest.Error{StatusCode: 503, RetryAfter: 20 * time.Second}, 1, backoff.Policy{}, 0, 20 * time.Second, nil},
		{"no attempt left", &rest.Error{StatusCode: 500}, 4, backoff.Policy{}, 0, -1, nil},
		{"one attempt only", &rest.Error{StatusCode: 500}, 1, backoff.Policy{MaxAttempts: 1}, 0, -1, nil},
		{"MaxWait", &rest.Error{StatusCode: 500}, 1, backoff.Policy{MaxWait: 1}, 0, -1, nil},
		{"MaxRetryAfter", &rest.Error{StatusCode: 503, RetryAfter: time.Hour}, 1, backoff.Policy{}, 0, -1, nil},
		{"deadline sooner", &rest.Error{StatusCode: 503, RetryAfter: time.Minute}, 1, backoff.Policy{}, time.Second, -1, context.DeadlineExceeded},
		{"another error", errors.New("x"), 1, backoff.Policy{}, 0, -1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := waiter(t, rest.WithRetry(tt.policy))
				ctx := t.Context()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				start := time.Now()
				err := client.WaitRetry(ctx, tt.err, tt.n)
				if tt.min >= 0 {
					require.NoError(t, err)
					assert.GreaterOrEqual(t, time.Since(start), tt.min)
					assert.Less(t, time.Since(start), tt.min+5*time.Second)
					return
				}
				require.ErrorIs(t, err, tt.err)
				assert.Zero(t, time.Since(start))
				if tt.also != nil {
					assert.ErrorIs(t, err, tt.also)
				}
			})
		})
	}
}

func TestWaitRetryEndsWithContextAndIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		client := waiter(t, rest.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, cancel := context.WithCancel(rest.WithCall(t.Context(), rest.Call{Operation: "UpsertUser"}))
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		err := client.WaitRetry(ctx, &rest.Error{Method: "POST", Path: "/user", StatusCode: 503, RetryAfter: time.Minute, Attempts: 1}, 1)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, rest.ErrUnavailable)
		assert.Equal(t, time.Second, time.Since(start))
		assert.Contains(t, log.String(), "provider=acme operation=UpsertUser method=POST path=/user attempt=1 wait=")
	})
}

func waiter(t *testing.T, options ...rest.Option) *rest.Client {
	t.Helper()
	provider := rest.Provider{Name: "acme", BaseURL: "https://acme.test", Header: "X-Api-Key"}
	client, err := rest.NewClient(provider, "key", append(options, rest.WithHTTPClient(&http.Client{Transport: http.NewFileTransport(http.Dir("."))}))...)
	require.NoError(t, err)
	return client
}
