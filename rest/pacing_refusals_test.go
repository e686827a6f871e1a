package rest_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// A request with NoRetry has limits of its own: its 429 makes no other call wait.
func TestNoRetry429DoesNotCloseGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codes := []int{429, 200}
		client, err := rest.NewClient(paced, "key", rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			resp := reply(codes[0], `{"id":7}`)
			codes = codes[1:]
			resp.Header.Set("Retry-After", "60")
			return resp, nil
		})}))
		require.NoError(t, err)
		begin := time.Now()
		_, err = client.Do(newRequest(t, rest.WithCall(t.Context(), rest.Call{NoRetry: true}), "POST", "/invite", `{}`))
		assert.ErrorIs(t, err, rest.ErrRateLimited)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		assert.NoError(t, err)
		assert.Zero(t, time.Since(begin))
	})
}

// A 429 closes the gate when its headers arrive, even if its body is slow.
func TestSlow429BodyClosesGateOnHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var times []time.Time
		s := resttest.NewServer("acme", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Now())
			w.WriteHeader(http.StatusNoContent)
		}))
		slow := resttest.Throttle("10")
		slow.ByteDelay = time.Second
		s.Fail(slow)
		client, err := rest.NewClient(acme, "key", rest.WithQuotas(), rest.WithBaseURL(s.URL), rest.WithHTTPClient(s.Client()))
		require.NoError(t, err)
		begin := time.Now()
		var calls sync.WaitGroup
		for range 5 {
			calls.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
				require.NoError(t, err)
				_, err = client.Do(req)
				assert.NoError(t, err)
			})
			time.Sleep(500 * time.Millisecond)
		}
		calls.Wait()
		require.Len(t, times, 5)
		assert.GreaterOrEqual(t, times[0].Sub(begin), 10*time.Second)
	})
}

// A request whose transport panics does not count as in flight.
func TestTransportPanicReleasesTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panicking := true
		client, err := rest.NewClient(paced, "key", rest.WithQuotas(), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			if panicking {
				panic("a bug of the caller")
			}
			return reply(200, `{"id":7}`), nil
		})}))
		require.NoError(t, err)
		for range 2 * backoff.DefaultMaxInFlight {
			assert.Panics(t, func() { _, _ = client.Do(newRequest(t, t.Context(), "GET", "/user", "")) })
		}
		panicking = false
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.NoError(t, err)
	})
}

// ignoring429 is a custom pacer that ignores 429s.
type ignoring429 struct{}

func (ignoring429) Ticket(string) backoff.Ticket              { return ignoring429{} }
func (ignoring429) Handles429() bool                          { return false }
func (ignoring429) Wait(context.Context, time.Duration) error { return nil }
func (ignoring429) Done(int, time.Duration)                   {}

// Retry-After and the limits of the policy apply with any pacer.
func TestCustomPacerStillWaitsAfter429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n int
		client, err := rest.NewClient(paced, "key", rest.WithPacer(ignoring429{}), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			if n++; n > 5 {
				return reply(418, `{}`), nil
			}
			resp := reply(429, `{}`)
			resp.Header.Set("Retry-After", "60")
			return resp, nil
		})}))
		require.NoError(t, err)
		begin := time.Now()
		_, err = client.Do(newRequest(t, t.Context(), "POST", "/user", `{}`))
		require.ErrorIs(t, err, rest.ErrRateLimited)
		assert.LessOrEqual(t, n, 5)
		assert.LessOrEqual(t, time.Since(begin), 5*time.Minute)
	})
}

// An absurd Retry-After does not stop the process forever.
func TestHugeRetryAfterIsCappedAtOneDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := []string{"999999999", ""}
		client, err := rest.NewClient(paced, "key", rest.WithQuotas(), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			value := values[0]
			values = values[1:]
			if value == "" {
				return reply(200, `{"id":7}`), nil
			}
			resp := reply(429, `{}`)
			resp.Header.Set("Retry-After", value)
			return resp, nil
		})}))
		require.NoError(t, err)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.ErrorIs(t, err, rest.ErrRateLimited)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.ErrorIs(t, err, rest.ErrRateLimited, "fails immediately: the gate is closed")
		<-time.After(24*time.Hour + time.Minute)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.NoError(t, err)
	})
}
