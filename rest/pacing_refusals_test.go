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

// A call that may be sent only once has limits of its own: its refusal keeps
// nobody else waiting.
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

// A 429 stops everybody from its head on, however long its body takes.
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
		refusal := resttest.Throttle("10")
		refusal.ByteDelay = time.Second
		s.Fail(refusal)
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

// A transport that panics does not keep its place among the requests under way.
func TestTransportPanicReleasesTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panicking := true
		client, err := rest.NewClient(paced, "key", rest.WithQuotas(), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			if panicking {
				panic("a bug of the caller's")
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

// heedless is a pacer of the caller's own that knows nothing of refusals.
type heedless struct{}

func (heedless) Ticket(string) backoff.Ticket              { return heedless{} }
func (heedless) Handles429() bool                          { return false }
func (heedless) Wait(context.Context, time.Duration) error { return nil }
func (heedless) Done(int, time.Duration)                   {}

// The server's wish and the limits of waiting hold whoever paces.
func TestCustomPacerStillWaitsAfter429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n int
		client, err := rest.NewClient(paced, "key", rest.WithPacer(heedless{}), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
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

// One absurd wish does not stop the process for good.
func TestHugeRetryAfterIsCappedAtOneHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wishes := []string{"999999999", ""}
		client, err := rest.NewClient(paced, "key", rest.WithQuotas(), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			wish := wishes[0]
			wishes = wishes[1:]
			if wish == "" {
				return reply(200, `{"id":7}`), nil
			}
			resp := reply(429, `{}`)
			resp.Header.Set("Retry-After", wish)
			return resp, nil
		})}))
		require.NoError(t, err)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.ErrorIs(t, err, rest.ErrRateLimited)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.ErrorIs(t, err, rest.ErrRateLimited, "refused at once: the gate is closed")
		<-time.After(time.Hour + time.Minute)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.NoError(t, err)
	})
}
