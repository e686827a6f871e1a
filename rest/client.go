package rest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
)

// Provider is what a provider's package knows of its API.
type Provider struct {
	// Name stands in errors and logs, for example "partoo".
	Name string
	// BaseURL is used unless WithBaseURL replaces it.
	BaseURL string
	// Header carries the credential, for example "X-Api-Key".
	Header string
	// Scheme stands before the key in Header, for example "Token". It may be
	// empty.
	Scheme string
	// Quotas are those that the vendor documents, per key. They are kept to
	// unless WithQuotas or WithPacer replaces them.
	Quotas []backoff.QuotaSet
}

// Client sends requests for one provider with one credential. It is the
// HttpRequestDoer of the generated clients and safe for concurrent use.
type Client struct {
	provider        string
	base            *url.URL
	credential      *credential
	transport       http.RoundTripper
	timeout         time.Duration
	limit           int64
	policy          backoff.Policy
	pacer           backoff.Pacer
	log             *slog.Logger
	providerOptions map[string]any
}

// credential is held by a pointer, which fmt does not follow in a Client that is a
// field of what it prints.
type credential struct {
	key    string
	header string
	value  []string // of the header
}

// NewClient builds the stack for a provider. It returns an error that names
// every problem: an empty key, a key with white space or control characters, a
// base URL that is not https (plain http is accepted for loopback hosts alone)
// or has user info, a query or a fragment, an option out of range or of another
// provider.
func NewClient(provider Provider, key string, options ...Option) (*Client, error) {
	s := settings{provider: provider.Name, baseURL: provider.BaseURL, limit: DefaultResponseLimit}
	problems := []error{checkKey(key)}
	for _, option := range options {
		problems = append(problems, option(&s))
	}
	base, err := parseBaseURL(s.baseURL)
	problems = append(problems, err)
	var pacer backoff.Pacer
	if err = errors.Join(problems...); err == nil {
		pacer, err = s.pacer(provider.Quotas, base, key)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider.Name, err)
	}
	return &Client{
		provider: provider.Name,
		base:     base,
		credential: &credential{
			key:    key,
			header: http.CanonicalHeaderKey(provider.Header),
			value:  []string{strings.TrimSpace(provider.Scheme + " " + key)},
		},
		transport:       transportOf(s.http),
		timeout:         s.attemptTimeout(),
		limit:           s.limit,
		policy:          s.policy.WithDefaults(),
		pacer:           pacer,
		log:             cmp.Or(s.log, slog.New(slog.DiscardHandler)),
		providerOptions: s.extra,
	}, nil
}

// BaseURL returns the base URL without a trailing slash.
func (c *Client) BaseURL() string { return c.base.String() }

// Option returns the value of a [ProviderOption], or nil.
func (c *Client) Option(name string) any { return c.providerOptions[name] }

// Format writes the provider's name whatever the verb. The key has no business in
// what prints a client by accident.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.provider+" client") }

// Do sends req and returns its 2xx answer with the body read into memory. Every
// other outcome is a *[Error]. This is the whole chain:
//
//	headers  the credential and the standard headers, for our origin alone
//	retry    sends again what is safe to send again, after the wait it takes
//	pace     waits for the turn of each attempt, so that quotas are kept
//	attempt  one exchange under its own timeout, its answer read to a limit
//
// Retry stands outside the attempt, so that an answer cut off in its middle is
// retried like one that never came.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	x := c.newCallState(req)
	header, err := c.headers(req, x)
	if err == nil && req.Context().Err() != nil {
		err = x.transportError(contextError(req.Context()), ExecutedNo)
	}
	if err != nil {
		closeBody(req)
		return nil, err
	}
	return c.retry(req, header, x)
}

// closeBody closes the body of a request that is not sent, as a transport would
// have done.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
