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

// The servers of vendor page "Create user". The sandbox starts empty and takes
// keys of its own.
const (
	Production = "https://api.partoo.co/v2"
	Sandbox    = "https://api.sandbox.partoo.co/v2"
)

// Client talks to Partoo with one API key. A key belongs to a user, and what it
// may do is what the role of that user allows (vendor page "Create user"). A
// Client is safe for concurrent use.
type Client struct {
	rest *rest.Client
	api  *gen.ClientWithResponses
}

// New returns a client for [Production], or for the [Sandbox]:
//
//	partoo.New(key, rest.WithBaseURL(partoo.Sandbox))
//
// It keeps to the quota of vendor page "Rate Limiting", 300 requests a minute,
// however many clients of the process use the key. The quota is the
// organisation's: rest.WithShare leaves room for other processes, rest.WithQuotas
// replaces or removes it. New returns an error when the key, the base URL or an
// option is not usable; its text does not repeat the key.
func New(apiKey string, options ...rest.Option) (*Client, error) {
	rc, err := rest.NewClient(rest.Provider{Name: provider, BaseURL: Production, Header: "x-APIKey", Quotas: Quotas()}, apiKey, options...)
	if err != nil {
		return nil, err
	}
	api, err := gen.NewClientWithResponses(rc.BaseURL(), gen.WithHTTPClient(rc))
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider, err)
	}
	return &Client{rest: rc, api: api}, nil
}

// API returns the whole generated client on the same stack: same credential,
// retries and limits, and an answer that is not a 2xx is a *rest.Error there
// too. Its types carry no compatibility promise.
func (c *Client) API() *gen.ClientWithResponses { return c.api }

// Quotas returns the quota of vendor page "Rate Limiting", for reads and writes
// together: what a pacer of your own, for rest.WithPacer, is best given.
func Quotas() []backoff.QuotaSet {
	return []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 300, Per: time.Minute}}}}
}
