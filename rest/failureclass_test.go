package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// classified is the interface through which package upsert reads the class.
type classified interface {
	FailureClass() (class string, suspected bool)
	FailureWait() time.Duration
}

func TestFailureClass(t *testing.T) {
	html := func(code int) func() (*http.Response, error) {
		return func() (*http.Response, error) { return reply(code, "<html>maintenance</html>"), nil }
	}
	tests := []struct {
		name      string
		step      func() (*http.Response, error)
		class     string
		suspected bool
	}{
		{"400", status(400), "user", false},
		{"409", status(409), "user", false},
		{"413", status(413), "user", false},
		{"422", status(422), "user", false},
		{"402", status(402), "user", true},
		{"403", status(403), "user", true},
		{"404", status(404), "user", true},
		{"404 page", html(404), "user", true},
		{"405", status(405), "user", true},
		{"302", status(302), "user", true},
		{"401", status(401), "configuration", false},
		{"407", status(407), "configuration", true},
		{"407 of a tunnel", broken(errors.New("Proxy Authentication Required")), "configuration", true},
		{"bad certificate", broken(badCert), "configuration", true},
		{"unknown host", broken(noHost), "service", true},
		{"DNS failure", broken(dnsDown), "service", false},
		{"connection refused", broken(noConn), "service", false},
		{"connection reset", broken(reset), "service", false},
		{"truncated response", cut, "service", false},
		{"408", status(408), "service", false},
		{"425", status(425), "service", false},
		{"429", status(429), "service", false},
		{"500", status(500), "service", false},
		{"503", status(503), "service", false},
		{"520", status(520), "service", false},
		{"page with 200", html(200), "service", false},
		{"response without id", func() (*http.Response, error) { return reply(200, "{}"), nil }, "user", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{t: t, steps: []func() (*http.Response, error){tt.step}}
				_, err := rest.Decode[user](s.do(t.Context(), rest.Call{}, "POST", rest.WithRetry(backoff.Policy{MaxAttempts: 1, MaxWait: 1})))
				var c classified
				require.ErrorAs(t, fmt.Errorf("wrapped: %w", err), &c)
				class, suspected := c.FailureClass()
				assert.Equal(t, tt.class, class)
				assert.Equal(t, tt.suspected, suspected)
			})
		})
	}
}

func TestFailureClassOfInputAndLookupIsUser(t *testing.T) {
	for _, e := range []*rest.Error{
		{Err: rest.ErrInvalid}, {Err: rest.ErrNotFound}, {Err: rest.ErrConflict}, {Message: "page 2 of 3 contains no new users"},
	} {
		class, suspected := e.FailureClass()
		assert.Equal(t, "user", class)
		assert.False(t, suspected)
	}
}

// A wait that does not fit is the service's failure, and FailureWait returns how
// long it would have been.
func TestFailureClassOfWaitThatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){status(429, "Retry-After", "600")}}
		_, err := s.do(t.Context(), rest.Call{}, "POST")
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		class, _ := e.FailureClass()
		assert.Equal(t, "service", class)
		assert.Equal(t, 10*time.Minute, e.FailureWait())

		quota := rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}})
		s = &script{t: t, steps: []func() (*http.Response, error){status(200)}}
		client := newClient(t, s.RoundTrip, quota)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.NoError(t, err)
		for _, deadline := range []time.Duration{time.Minute, 24 * time.Hour} {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			_, err = client.Do(newRequest(t, ctx, "GET", "/user", ""))
			require.ErrorAs(t, err, &e)
			class, suspected := e.FailureClass()
			assert.Equal(t, "service", class)
			assert.False(t, suspected)
			assert.Equal(t, time.Hour, e.FailureWait().Round(time.Second))
		}
	})
}
