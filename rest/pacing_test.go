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

var paced = rest.Provider{
	Name: "acme", BaseURL: "https://api.acme.test", Header: "X-Api-Key",
	Quotas: []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 2, Per: time.Minute}}}},
}

// sent counts what arrives and answers 200.
func sent(n *int) *http.Client {
	var mu sync.Mutex
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		*n++
		return reply(200, `{"id":7}`), nil
	})}
}

func TestProviderQuotasAreKeptTo(t *testing.T) {
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

func TestPacerRefusalIsAnError(t *testing.T) {
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
		assert.Equal(t, "acme: POST /v1/user: rate limited: the request may leave in 1m0s at the earliest: context deadline exceeded", err.Error())
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
		assert.ErrorContains(t, err, "no further waiting")
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
	assert.NoError(t, build(rest.WithQuotas(), rest.WithHTTPClient(sent(new(int)))), "a transport of one's own does not share")
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
		"WithPacer: the pacer is nil":       {rest.WithPacer(nil)},
		"WithShare: the pacer of WithPacer": {rest.WithPacer(p), rest.WithShare(2)},
		"WithShare: 0 processes":            {rest.WithShare(0)},
		"WithQuotas: quota: N is 0, want 1": {rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{}}})},
	} {
		_, err := rest.NewClient(paced, "key", options...)
		assert.ErrorContains(t, err, want)
	}
}

// The fakes' options switch pacing off; a pacer given after them is used.
func TestTheLastOfWithPacerAndWithQuotasCounts(t *testing.T) {
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

// A call that may be sent only once has limits of its own: its refusal keeps
// nobody else waiting.
func TestARefusedOnceClosesNoGate(t *testing.T) {
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
		_, err = client.Do(newRequest(t, rest.WithCall(t.Context(), rest.Call{Once: true}), "POST", "/invite", `{}`))
		assert.ErrorIs(t, err, rest.ErrRateLimited)
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		assert.NoError(t, err)
		assert.Zero(t, time.Since(begin))
	})
}

// A 429 stops everybody from its head on, however long its body takes.
func TestARefusalThatTricklesStopsTheOthersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		s := resttest.NewServer("acme", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			times = append(times, time.Now())
			w.WriteHeader(http.StatusNoContent)
		}))
		refusal := resttest.Throttle("10")
		refusal.Trickle = time.Second
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
func TestAPanicEndsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panicking := true
		client, err := rest.NewClient(paced, "key", rest.WithQuotas(), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			if panicking {
				panic("a bug of the caller's")
			}
			return reply(200, `{"id":7}`), nil
		})}))
		require.NoError(t, err)
		for range 2 * backoff.DefaultInFlight {
			assert.Panics(t, func() { _, _ = client.Do(newRequest(t, t.Context(), "GET", "/user", "")) })
		}
		panicking = false
		_, err = client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
		require.NoError(t, err)
	})
}

// heedless is a pacer of the caller's own that knows nothing of refusals.
type heedless struct{}

func (heedless) Turn(string) backoff.Turn                  { return heedless{} }
func (heedless) Wait(context.Context, time.Duration) error { return nil }
func (heedless) Done(int, time.Duration)                   {}

// The server's wish and the limits of waiting hold whoever paces.
func TestAPacerOfOnesOwnCannotMakeCallsHammer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n int
		client, err := rest.NewClient(paced, "key", rest.WithPacer(heedless{}), rest.WithHTTPClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			n++
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
func TestAnAbsurdWishIsForgottenWithinTheHour(t *testing.T) {
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
