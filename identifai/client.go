package identifai

import (
	"fmt"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/rest"
)

const (
	// provider is the name in errors, logs and options.
	provider = "identifai"
	// Production is the server of vendor page "Create or update user".
	Production = "https://backend.identifai.net"

	optionTextBooleans = "WithTextBooleans"
)

// Client talks to identifAI with one API key, that of a partner. It is safe for
// concurrent use.
type Client struct {
	api          *gen.ClientWithResponses
	textBooleans bool
}

// New returns a client for [Production], unless rest.WithBaseURL says otherwise.
// It keeps to the quotas of vendor page "Rate limits": 2 reads a second and 60 a
// minute, 1 write a second and 30 a minute, per key, however many clients of the
// process use it. rest.WithQuotas replaces or removes them. New returns an error
// when the key, the base URL or an option is not usable; its text does not
// repeat the key.
func New(apiKey string, options ...rest.Option) (*Client, error) {
	rc, err := rest.NewClient(rest.Provider{Name: provider, BaseURL: Production, Header: "X-Api-Key", Quotas: Quotas()}, apiKey, options...)
	if err != nil {
		return nil, err
	}
	api, err := gen.NewClientWithResponses(rc.BaseURL(), gen.WithHTTPClient(rc))
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider, err)
	}
	return &Client{api: api, textBooleans: rc.Option(optionTextBooleans) != nil}, nil
}

// Quotas returns those of vendor page "Rate limits", per key: what a pacer of your
// own, for rest.WithPacer, is best given. The page names GET and POST; whatever
// else writes is taken to count as POST (inference).
func Quotas() []backoff.QuotaSet {
	return []backoff.QuotaSet{
		{Methods: []string{http.MethodGet, http.MethodHead}, Quotas: []backoff.Quota{{N: 2, Per: time.Second}, {N: 60, Per: time.Minute}}},
		{Quotas: []backoff.Quota{{N: 1, Per: time.Second}, {N: 30, Per: time.Minute}}},
	}
}

// WithTextBooleans sends booleans as the words true and false instead of 1 and 0.
// The vendor's document says boolean, its samples show the words, and the
// framework it seems to run on (inference) takes 1 and 0 alone for certain and
// may read the word false as true. Nobody has tried the live service: use this
// when it refuses 1 and 0.
func WithTextBooleans() rest.Option {
	return rest.ProviderOption(provider, optionTextBooleans, true)
}

// API returns the whole generated client on the same stack: same credential,
// retries and limits, and an answer that is not a 2xx is a *rest.Error there
// too. Its types carry no compatibility promise.
func (c *Client) API() *gen.ClientWithResponses { return c.api }
