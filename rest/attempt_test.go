package rest_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

func TestAttemptHasItsOwnTimeout(t *testing.T) {
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
		assert.ErrorContains(t, err, "attempt timed out after 5s")
	})
}

func TestSlowErrorBodyDoesNotDelayCaller(t *testing.T) {
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

// blocked is a body whose next byte never arrives.
type blocked struct{ ctx context.Context }

func (b blocked) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

// Over a real connection the hooks of net/http distinguish a request that was not
// sent from one whose response was lost.
func TestExecutedOverRealConnection(t *testing.T) {
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
		{"connection refused", closed.URL, rest.ExecutedNo},
		{"untrusted certificate", untrusted.URL, rest.ExecutedNo},
		{"lost response", cutting.URL, rest.ExecutedMaybe},
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
