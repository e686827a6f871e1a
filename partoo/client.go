package partoo

import (
	"fmt"
	"time"

	"github.com/usersync/usersync/backoff"
	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/rest"
)

// provider is the name in errors, logs and options.
const provider = "partoo"

// The servers of vendor page "Create user". The sandbox is empty at first and has
// its own API keys.
const (
	Production = "https://api.partoo.co/v2"
	Sandbox    = "https://api.sandbox.partoo.co/v2"
)

// Client sends requests to Partoo with one API key. A key belongs to a user, whose
// role decides what the key may do (vendor page "Create user"). A Client is safe for
// concurrent use.
type Client struct {
	rest        *rest.Client
	api         *gen.ClientWithResponses
	searchDelay time.Duration
}

// defaultSearchDelay is the time after which the search should contain a user whose
// create was still being executed when its response was lost (inference).
const defaultSearchDelay = 5 * time.Second

// optionSearchDelay replaces defaultSearchDelay, for tests with real connections.
const optionSearchDelay = "SearchDelay"

// New returns a client for [Production], or for the [Sandbox]:
//
//	partoo.New(key, rest.WithBaseURL(partoo.Sandbox))
//
// All clients of the process with this key share the quota of vendor page "Rate
// Limiting", 300 requests per minute. It is the quota of the whole organisation:
// rest.WithShare leaves a part to other processes, rest.WithQuotas replaces or
// removes it. New returns an error for an invalid key, base URL or option; the text
// does not contain the key.
func New(apiKey string, options ...rest.Option) (*Client, error) {
	rc, err := rest.NewClient(rest.Provider{Name: provider, BaseURL: Production, Header: "x-APIKey", Quotas: Quotas()}, apiKey, options...)
	if err != nil {
		return nil, err
	}
	api, err := gen.NewClientWithResponses(rc.BaseURL(), gen.WithHTTPClient(rc))
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider, err)
	}
	c := &Client{rest: rc, api: api, searchDelay: defaultSearchDelay}
	if delay, ok := rc.Option(optionSearchDelay).(time.Duration); ok {
		c.searchDelay = delay
	}
	return c, nil
}

// API returns the generated client with all operations. It uses the same credential,
// retries and limits; a response that is not a 2xx is a *rest.Error, too. Its types
// may change in any release.
func (c *Client) API() *gen.ClientWithResponses {
	if c.api != nil {
		return c.api
	}
	// Every call of a zero Client returns an error.
	unusable, _ := gen.NewClientWithResponses("https://unusable.invalid", gen.WithHTTPClient(new(rest.Client)))
	return unusable
}

// Quotas returns the quota of vendor page "Rate Limiting", for reads and writes
// together. Use it for a custom pacer (rest.WithPacer).
func Quotas() []backoff.QuotaSet {
	return []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 300, Per: time.Minute}}}}
}
