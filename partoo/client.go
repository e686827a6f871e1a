package partoo

import (
	"cmp"
	"time"

	"github.com/usersync/usersync/backoff"
	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/rest"
)

const (
	// provider is the name in errors, logs and options.
	provider = "partoo"
	// Production and Sandbox are the servers of vendor page "Create user". The sandbox
	// is empty at first and has its own API keys.
	Production = "https://api.partoo.co/v2"
	Sandbox    = "https://api.sandbox.partoo.co/v2"

	// defaultSearchDelay is the time after which the search should contain a user whose
	// create was still being executed when its response was lost (inference).
	defaultSearchDelay = 5 * time.Second
	// optionSearchDelay replaces defaultSearchDelay, for tests with real connections.
	optionSearchDelay = "SearchDelay"
)

// Client calls Partoo with one API key. A key belongs to a user, whose role decides what
// the key may do (vendor page "Create user"). It is safe for concurrent use.
type Client struct {
	rest        *rest.Client
	api         *gen.ClientWithResponses
	searchDelay time.Duration
}

// New returns a client for [Production], or for the URL of rest.WithBaseURL(partoo.Sandbox).
// All clients of the process with the same key share its [Quotas]. They are those of the
// whole organisation: rest.WithShare leaves a part to other processes, rest.WithQuotas
// replaces or removes them. New returns an error if the key, the base URL or an option is
// invalid; its text never contains the key.
func New(apiKey string, options ...rest.Option) (*Client, error) {
	rc, err := rest.NewClient(rest.Provider{Name: provider, BaseURL: Production, Header: "x-APIKey", Quotas: Quotas()}, apiKey, options...)
	if err != nil {
		return nil, err
	}
	delay, ok := rc.Option(optionSearchDelay).(time.Duration)
	if !ok {
		delay = defaultSearchDelay
	}
	api, err := gen.NewClientWithResponses(rc.BaseURL(), gen.WithHTTPClient(rc))
	return &Client{rest: rc, api: api, searchDelay: delay}, err
}

// Quotas returns the quota of vendor page "Rate Limiting", 300 requests a minute, for
// reads and writes together. Use it for a custom pacer (rest.WithPacer).
func Quotas() []backoff.QuotaSet {
	return []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 300, Per: time.Minute}}}}
}

// API returns the generated client with all operations. It uses the same credential,
// retries, limits and errors. Its types carry no compatibility promise.
func (c *Client) API() *gen.ClientWithResponses { return cmp.Or(c.api, zeroAPI) }

// zeroAPI is the API of a zero Client: every call returns an error.
var zeroAPI, _ = gen.NewClientWithResponses("https://zero.invalid", gen.WithHTTPClient(new(rest.Client)))
