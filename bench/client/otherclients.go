package client

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/cenkalti/backoff/v5"
	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"golang.org/x/time/rate"

	"github.com/usersync/usersync/bench/sim"
)

// Named is a client with the name it has in tables.
type Named struct {
	Name  string
	Build sim.Build
}

const unlimited = math.MaxInt32

// All returns every client, usersync last. Most clients that limit their attempts are
// listed twice: with their default limit and without a limit.
func All() []Named {
	return []Named{
		{"net/http, no retry", plain},
		{"go-retryablehttp, default (4)", retryable(4)},
		{"go-retryablehttp, unlimited", retryable(unlimited)},
		{"openai-go, default (2)", openAI(2)},
		{"openai-go, unlimited", openAI(unlimited)},
		{"aws standard, default (3)", awsWith(func() aws.RetryerV2 { return retry.NewStandard() })},
		{"aws adaptive, default (3)", awsWith(func() aws.RetryerV2 { return adaptive(3) })},
		{"aws adaptive, unlimited", awsWith(func() aws.RetryerV2 { return adaptive(unlimited) })},
		{"cenkalti/backoff, default", cenkalti},
		{"failsafe-go, default (2)", failsafe(2)},
		{"failsafe-go, unlimited", failsafe(-1)},
		{"x/time/rate burst 1 + Retry-After", limiter(false)},
		{"x/time/rate burst N + Retry-After", limiter(true)},
		{"usersync", Usersync},
	}
}

// ByName returns the client with this name. It panics if there is none.
func ByName(name string) Named {
	for _, n := range All() {
		if n.Name == name {
			return n
		}
	}
	panic("no client named " + name)
}

func plain(_ sim.Scenario, rt http.RoundTripper) sim.Client {
	c := &http.Client{Transport: rt}
	return func(ctx context.Context) error {
		resp, err := c.Do(request(ctx))
		if err != nil {
			return err
		}
		return checkStored(resp)
	}
}

func retryable(maxRetries int) sim.Build {
	return func(_ sim.Scenario, rt http.RoundTripper) sim.Client {
		c := retryablehttp.NewClient()
		c.HTTPClient = &http.Client{Transport: rt}
		c.Logger = nil
		c.RetryMax = maxRetries
		return func(ctx context.Context) error {
			req, err := retryablehttp.FromRequest(request(ctx))
			if err != nil {
				return err
			}
			resp, err := c.Do(req)
			if err != nil {
				return err
			}
			return checkStored(resp)
		}
	}
}

func openAI(maxRetries int) sim.Build {
	return func(_ sim.Scenario, rt http.RoundTripper) sim.Client {
		c := openai.NewClient(option.WithBaseURL(URL), option.WithAPIKey("key"), option.WithMaxRetries(maxRetries),
			option.WithHTTPClient(&http.Client{Transport: rt}))
		body := map[string]string{"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "role": "ORG_ADMIN"}
		return func(ctx context.Context) error {
			var user struct {
				ID int `json:"id"`
			}
			return c.Post(ctx, "users", body, &user)
		}
	}
}

func cenkalti(_ sim.Scenario, rt http.RoundTripper) sim.Client {
	c := &http.Client{Transport: rt}
	return func(ctx context.Context) error {
		_, err := backoff.Retry(ctx, func() (struct{}, error) {
			resp, err := c.Do(request(ctx))
			if err != nil {
				return struct{}{}, err
			}
			if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && resp.StatusCode == http.StatusTooManyRequests {
				_ = resp.Body.Close()
				return struct{}{}, backoff.RetryAfter(seconds)
			}
			return struct{}{}, checkStored(resp)
		})
		return err
	}
}

func failsafe(maxRetries int) sim.Build {
	return func(_ sim.Scenario, rt http.RoundTripper) sim.Client {
		policy := failsafehttp.NewRetryPolicyBuilder().WithMaxRetries(maxRetries).Build()
		return plain(sim.Scenario{}, failsafehttp.NewRoundTripper(rt, policy))
	}
}

// adaptive fails without a token instead of waiting for one: its own wait can be rounded to zero
// and spin, which stops a virtual clock.
func adaptive(maxAttempts int) aws.RetryerV2 {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.FailOnNoAttemptTokens = true
		o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
			o.MaxAttempts = maxAttempts
			if maxAttempts == unlimited {
				o.RateLimiter = noLimit{} // its retry quota is a limit, too
			}
		})
	})
}

type noLimit struct{}

func (noLimit) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (noLimit) AddTokens(uint) error { return nil }

// awsWith drives a retryer as the SDK's middleware does.
func awsWith(build func() aws.RetryerV2) sim.Build {
	return func(_ sim.Scenario, rt http.RoundTripper) sim.Client {
		r := build()
		once := plain(sim.Scenario{}, rt)
		return func(ctx context.Context) error {
			back := func(error) error { return nil } // releases the token of a retry
			for n := 1; ; n++ {
				release, err := r.GetAttemptToken(ctx)
				for err != nil && ctx.Err() == nil {
					time.Sleep(10 * time.Millisecond)
					release, err = r.GetAttemptToken(ctx)
				}
				if err != nil {
					return err
				}
				err = once(ctx)
				if err != nil && ctx.Err() == nil {
					err = &smithy.GenericAPIError{Code: "TooManyRequestsException"}
				}
				_, _ = release(err), back(err)
				if err == nil || ctx.Err() != nil || !r.IsErrorRetryable(err) || n >= r.MaxAttempts() {
					return err
				}
				var tokenErr error
				if back, tokenErr = r.GetRetryToken(ctx, err); tokenErr != nil {
					return err
				}
				delay, delayErr := r.RetryDelay(n, err)
				if delayErr != nil {
					return err
				}
				time.Sleep(delay)
			}
		}
	}
}

// limiter paces by the strictest documented average.
func limiter(burst bool) sim.Build {
	return func(s sim.Scenario, rt http.RoundTripper) sim.Client {
		every, n := rate.Inf, 1
		for _, q := range s.Quotas {
			if e := rate.Every(q.Per / time.Duration(q.N)); e < every {
				every = e
				if burst {
					n = q.N
				}
			}
		}
		l := rate.NewLimiter(every, n)
		c := &http.Client{Transport: rt}
		return func(ctx context.Context) error {
			for {
				if err := l.Wait(ctx); err != nil {
					return err
				}
				resp, err := c.Do(request(ctx))
				if err != nil {
					return err
				}
				if resp.StatusCode != http.StatusTooManyRequests {
					return checkStored(resp)
				}
				_ = resp.Body.Close()
				wait := time.Second
				if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
					wait = max(wait, time.Duration(seconds)*time.Second)
				}
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
	}
}
