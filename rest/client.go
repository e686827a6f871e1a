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

	"github.com/usersync/usersync/backoff"
)

// Provider describes the API of a provider, as its package knows it.
type Provider struct {
	Name    string             // in errors and logs, for example "partoo"
	BaseURL string             // the default of WithBaseURL
	Header  string             // of the credential, for example "X-Api-Key"
	Scheme  string             // the word before the key in Header, for example "Token"; may be empty
	Quotas  []backoff.QuotaSet // the documented quotas of one key, the default of WithQuotas
}

// Client sends requests to one provider with one credential. It is the
// HttpRequestDoer of the generated clients and safe for concurrent use.
type Client struct {
	settings
	base       *url.URL
	origin     string // of base
	credential *credential
	send       handler
}

// credential is behind a pointer, so that fmt does not print the key of a Client
// that is a field of another struct.
type credential struct {
	key    string
	header string
	value  []string // of the header
}

// NewClient returns a client of provider. Its error names every problem: a key that
// is empty or contains white space or control characters, an invalid base URL (see
// [WithBaseURL]), and options that are out of range or of another provider.
func NewClient(provider Provider, key string, options ...Option) (*Client, error) {
	c := &Client{
		settings: settings{
			provider: provider.Name, baseURL: provider.BaseURL, quotas: provider.Quotas,
			limit: DefaultResponseLimit, log: slog.New(slog.DiscardHandler), providerOptions: make(map[string]any),
		},
		credential: &credential{
			key:    key,
			header: http.CanonicalHeaderKey(provider.Header),
			value:  []string{strings.TrimSpace(provider.Scheme + " " + key)},
		},
	}
	problems := []error{checkKey(key)}
	for _, option := range options {
		problems = append(problems, option(&c.settings))
	}
	base, err := parseBaseURL(c.baseURL)
	if err = errors.Join(append(problems, err)...); err == nil {
		c.base, c.origin = base, base.Scheme+"://"+base.Host
		c.pacer, err = c.newPacer(c.origin, key)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider.Name, err)
	}
	c.policy = c.policy.WithDefaults()
	// Of an http.Client only the transport and the timeout of an attempt are used: its
	// redirects would carry the key to another host, or turn a POST into a GET and
	// report success.
	hc := cmp.Or(c.http, new(http.Client))
	c.timeout = cmp.Or(c.timeout, max(hc.Timeout, 0), DefaultTimeout)
	if hc.Transport != nil {
		c.send = c.chain(hc.Transport)
	} else {
		c.send = c.chain(sharedTransport())
	}
	return c, nil
}

// handler sends the request of a call and returns its 2xx response, or an error.
type handler func(*callState) (*http.Response, *Error)

// chain assembles the handlers. A request passes them from left to right, its
// response from right to left:
//
//	headers  adds the credential and the standard headers, for the base URL only
//	retry    sends again what is safe to send again, after a wait
//	pace     waits for the pacer's ticket before an attempt and completes it after
//	attempt  gives one attempt a timeout of its own and records how far it came
//	read     sends the request and reads the response up to the limit
//
// retry is outside of read, so that a truncated response is retried like a lost
// one. pace is inside of retry, because every attempt counts against the quota.
func (c *Client) chain(transport http.RoundTripper) handler {
	return c.headers(c.retry(c.pace(c.attempt(c.read(transport)))))
}

// Do sends req and returns its 2xx response with the body in memory. Every other
// result is a *[Error].
func (c *Client) Do(req *http.Request) (_ *http.Response, err error) {
	if !c.usable() {
		closeBody(req.Body)
		return nil, &Error{Method: req.Method, Path: req.URL.Path, Err: errors.New("the client is not usable: create it with New")}
	}
	x := c.newCallState(req)
	if c.observer != nil && !x.call.started {
		x.startOperation()
		defer func() { x.endOperation(nil, err) }() // also if the transport panics
	}
	resp, e := c.send(x)
	if e != nil {
		return nil, e
	}
	return resp, nil
}

// usable reports whether c is from NewClient.
func (c *Client) usable() bool { return c != nil && c.send != nil }

// BaseURL returns the base URL without a trailing slash.
func (c *Client) BaseURL() string { return c.base.String() }

// Option returns the value of a [ProviderOption], or nil.
func (c *Client) Option(name string) any { return c.providerOptions[name] }

// Format writes the name of the provider for every verb, and never the key.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.provider+" client") }

// closeBody closes a body, if there is one.
func closeBody(body io.ReadCloser) {
	if body != nil {
		_ = body.Close()
	}
}
