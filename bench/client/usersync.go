// Package client contains the compared clients: usersync, and other clients as their modules
// provide them.
package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/bench/sim"
	"github.com/usersync/usersync/rest"
)

// URL is where all clients send to.
const URL = "https://api.example.test"

// Body is what they send.
const Body = `{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace","role":"ORG_ADMIN"}`

// errFailed is the outcome of a call that did not store its user.
var errFailed = errors.New("the user was not stored")

// Usersync is rest.Client as a bulk run uses it: it waits as long as necessary.
func Usersync(s sim.Scenario, rt http.RoundTripper) sim.Client {
	config := backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Quotas: s.Quotas}}}
	if s.Share {
		config.Share = s.Processes
	}
	if n, ok := rt.(*sim.Network); ok {
		config.Rand = rand.NewPCG(n.Seed(), 1)
	}
	pacer, err := backoff.NewPacer(config)
	if err != nil {
		panic(err)
	}
	if s.Status == http.StatusServiceUnavailable {
		return paced(pacer, rt)
	}
	c, err := rest.NewClient(rest.Provider{Name: "bench", BaseURL: URL, Header: "X-Api-Key"}, "key",
		rest.WithHTTPClient(&http.Client{Transport: rt}), rest.WithPacer(pacer),
		rest.WithRetry(backoff.Policy{MaxWait: -1, MaxRetryAfter: time.Hour}))
	if err != nil {
		panic(err)
	}
	return func(ctx context.Context) error {
		resp, err := c.Do(request(ctx))
		if err != nil {
			return err
		}
		return checkStored(resp)
	}
}

// paced retries each 503 through the pacer.
func paced(pacer backoff.Pacer, rt http.RoundTripper) sim.Client {
	return func(ctx context.Context) error {
		ticket := pacer.Ticket(http.MethodPost)
		for {
			if err := ticket.Wait(ctx, 0); err != nil {
				return err
			}
			resp, err := rt.RoundTrip(request(ctx))
			if err != nil {
				ticket.Done(0, 0)
				return err
			}
			retryAfter, _ := backoff.RetryAfter(resp.Header, time.Now())
			ticket.Done(resp.StatusCode, retryAfter)
			if resp.StatusCode != http.StatusServiceUnavailable {
				return checkStored(resp)
			}
		}
	}
}

func request(ctx context.Context) *http.Request {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, URL+"/users", strings.NewReader(Body))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}

// checkStored closes the body and returns errFailed unless the user was created.
func checkStored(resp *http.Response) error {
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return errFailed
	}
	return nil
}
