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
)

var paced = rest.Provider{
	Name: "acme", BaseURL: "https://api.acme.test", Header: "X-Api-Key",
	Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 2, Per: time.Minute}}}},
}

// sent returns a client that counts the requests and returns 200.
func sent(n *int) *http.Client {
	var mu sync.Mutex
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		*n++
		return reply(200, `{"id":7}`), nil
	})}
}

func TestProviderQuotasAreRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n int
		client, err := rest.NewClient(paced, "key", rest.WithHTTPClient(sent(&n)))
		require.NoError(t, err)
		begin := time.Now()
		for range 3 {
			_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
			require.NoError(t, err)
		}
		assert.Equal(t, time.Minute, time.Since(begin).Round(time.Second))
	})
}

func TestPacerWaitErrorIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n int
		client, err := rest.NewClient(paced, "key", rest.WithHTTPClient(sent(&n)))
		require.NoError(t, err)
		for range 2 {
			_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
			require.NoError(t, err)
		}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = client.Do(newRequest(t, ctx, "POST", "/user", `{}`))
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.ErrorIs(t, err, rest.ErrRateLimited)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, "acme: POST /v1/user: rate limited: quota: must wait at least 1m0s: context deadline exceeded", err.Error())
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Zero(t, e.StatusCode)
		assert.Zero(t, e.Attempts)
		assert.Equal(t, time.Minute, e.RetryAfter.Round(time.Second))
		assert.Zero(t, time.Since(begin))
		assert.Equal(t, 2, n)

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = client.Do(newRequest(t, ctx, "POST", "/user", `{}`))
		assert.ErrorIs(t, err, rest.ErrRateLimited)
		assert.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, time.Second, time.Since(begin))

		short, err := rest.NewClient(paced, "key", rest.WithHTTPClient(sent(&n)), rest.WithRetry(backoff.Policy{MaxWait: time.Second}))
		require.NoError(t, err)
		for range 3 {
			_, err = short.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		}
		assert.ErrorIs(t, err, rest.ErrRateLimited)
		assert.ErrorContains(t, err, "MaxWait")
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestQuotaOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			options []rest.Option
			want    time.Duration
		}{
			"default":  {nil, 2 * time.Minute},
			"replaced": {[]rest.Option{rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 3, Per: time.Hour}}})}, time.Hour},
			"removed":  {[]rest.Option{rest.WithQuotas()}, 0},
			"shared":   {[]rest.Option{rest.WithShare(2)}, 4 * time.Minute},
		} {
			var n int
			client, err := rest.NewClient(paced, "key", append(test.options, rest.WithHTTPClient(sent(&n)), rest.WithRetry(backoff.Policy{MaxWait: -1}))...)
			require.NoError(t, err)
			begin := time.Now()
			for range 5 {
				_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
				require.NoError(t, err, name)
			}
			assert.Equal(t, test.want, time.Since(begin).Round(time.Second), name)
		}
	})
}

func TestClientsWithOneKeyShareAPacer(t *testing.T) {
	const base = "https://shared.acme.test"
	build := func(options ...rest.Option) error {
		_, err := rest.NewClient(paced, "shared-key", append(options, rest.WithBaseURL(base))...)
		return err
	}
	keep, err := rest.NewClient(paced, "shared-key", rest.WithBaseURL(base))
	require.NoError(t, err)
	require.NoError(t, build())
	assert.ErrorContains(t, build(rest.WithShare(2)), "one key has one set of quotas")
	assert.ErrorContains(t, build(rest.WithQuotas()), "one key has one set of quotas")
	assert.NotContains(t, build(rest.WithQuotas()).Error(), "shared-key")
	assert.NoError(t, build(rest.WithQuotas(), rest.WithHTTPClient(sent(new(int)))), "a custom transport does not share")
	_ = keep.BaseURL()
}

func TestWithPacerSharesExplicitly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := backoff.NewPacer(backoff.PacerConfig{Quotas: paced.Quotas})
		require.NoError(t, err)
		var n int
		begin := time.Now()
		for range 3 {
			client, err := rest.NewClient(paced, "key", rest.WithHTTPClient(sent(&n)), rest.WithPacer(p))
			require.NoError(t, err)
			_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
			require.NoError(t, err)
		}
		assert.Equal(t, time.Minute, time.Since(begin).Round(time.Second))
	})
}

func TestPacingOptionErrors(t *testing.T) {
	p, err := backoff.NewPacer(backoff.PacerConfig{})
	require.NoError(t, err)
	for want, options := range map[string][]rest.Option{
		"WithPacer: the pacer is nil":                  {rest.WithPacer(nil)},
		"WithShare: cannot be combined with WithPacer": {rest.WithPacer(p), rest.WithShare(2)},
		"WithShare: 0, want more":                      {rest.WithShare(0)},
		"WithQuotas: quota: N is 0, want 1":            {rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{}}})},
	} {
		_, err := rest.NewClient(paced, "key", options...)
		assert.ErrorContains(t, err, want)
	}
}

// The options of the fakes switch pacing off. A pacer after them is used.
func TestLastOfWithPacerAndWithQuotasWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := backoff.NewPacer(backoff.PacerConfig{Quotas: paced.Quotas})
		require.NoError(t, err)
		for want, options := range map[uint64][]rest.Option{
			1: {rest.WithQuotas(), rest.WithPacer(p)},
			0: {rest.WithPacer(p), rest.WithQuotas()},
		} {
			var n int
			before := p.Stats()[0].Sent
			client, err := rest.NewClient(paced, "key", append(options, rest.WithHTTPClient(sent(&n)))...)
			require.NoError(t, err)
			_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
			require.NoError(t, err)
			assert.Equal(t, want, p.Stats()[0].Sent-before)
		}
	})
}
