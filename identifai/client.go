package identifai

import (
	"cmp"
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

// Client calls identifAI with the API key of one partner. It is safe for concurrent use.
type Client struct {
	rest         *rest.Client
	api          *gen.ClientWithResponses
	textBooleans bool
}

// New returns a client for [Production], or for the URL of rest.WithBaseURL. All clients
// of the process with the same key share its [Quotas]; rest.WithQuotas replaces or removes
// them. New returns an error if the key, the base URL or an option is invalid; its text
// never contains the key.
func New(apiKey string, options ...rest.Option) (*Client, error) {
	rc, err := rest.NewClient(rest.Provider{Name: provider, BaseURL: Production, Header: "X-Api-Key", Quotas: Quotas()}, apiKey, options...)
	if err != nil {
		return nil, err
	}
	api, err := gen.NewClientWithResponses(rc.BaseURL(), gen.WithHTTPClient(rc))
	return &Client{rest: rc, api: api, textBooleans: rc.Option(optionTextBooleans) != nil}, err
}

// Quotas returns the quotas of vendor page "Rate limits", per key: 2 reads a second and
// 60 a minute, 1 write a second and 30 a minute. Use them for a custom pacer
// (rest.WithPacer). The page names GET and POST; other methods that write count as POST
// (inference).
func Quotas() []backoff.QuotaSet {
	return []backoff.QuotaSet{
		{Methods: []string{http.MethodGet, http.MethodHead}, Quotas: []backoff.Quota{{N: 2, Per: time.Second}, {N: 60, Per: time.Minute}}},
		{Quotas: []backoff.Quota{{N: 1, Per: time.Second}, {N: 30, Per: time.Minute}}},
	}
}

// WithTextBooleans sends booleans as true and false, like the vendor's samples, instead of
// 1 and 0. Use it if the live service rejects 1 and 0, which was never tried. The framework
// that identifAI seems to use may read the text false as true (inference).
func WithTextBooleans() rest.Option {
	return rest.ProviderOption(provider, optionTextBooleans, true)
}

// API returns the generated client with all operations. It uses the same credential,
// retries, limits and errors. Its types carry no compatibility promise.
func (c *Client) API() *gen.ClientWithResponses { return cmp.Or(c.api, zeroAPI) }

// zeroAPI is the API of a zero Client: every call returns an error.
var zeroAPI, _ = gen.NewClientWithResponses("https://zero.invalid", gen.WithHTTPClient(new(rest.Client)))
