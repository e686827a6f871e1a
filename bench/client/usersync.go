// Package client has the clients that are compared: ours, and peers as they come
// from their modules.
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

// Usersync is rest.Client as a bulk run uses it: without a limit to its patience.
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
		return stored(resp)
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

func stored(resp *http.Response) error {
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return errFailed
	}
	return nil
}
