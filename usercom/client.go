package usercom

import (
	"errors"
	"fmt"
	"regexp"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/rest"
)

// provider is the name in errors, logs and options.
const provider = "usercom"

// Client calls one user.com application with one REST API key. It is safe for
// concurrent use.
type Client struct {
	api *gen.ClientWithResponses
}

// New returns a client for the application at https://<subdomain>.user.com. apiKey
// is its REST API key of 64 characters, sent as "Authorization: Token …" (vendor
// pages "Update or create user", "Basic API usage").
//
// The subdomain is one DNS label: "app", not "app.user.com" and not a URL. It may
// be empty only with rest.WithBaseURL, which overrides it and includes the path:
// https://host/api/public. New returns an error if the subdomain, the key, the
// base URL or an option is invalid; its text contains neither key nor subdomain.
func New(subdomain, apiKey string, options ...rest.Option) (*Client, error) {
	base, err := baseURL(subdomain)
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider, err)
	}
	rc, err := rest.NewClient(rest.Provider{Name: provider, BaseURL: base, Header: "Authorization", Scheme: "Token"}, apiKey, options...)
	if err != nil {
		return nil, err
	}
	api, err := gen.NewClientWithResponses(rc.BaseURL(), gen.WithHTTPClient(rc))
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider, err)
	}
	return &Client{api: api}, nil
}

// API returns the complete generated client. It uses the same credential, retries
// and limits, and also returns a *rest.Error for a response that is not 2xx. Its
// types carry no compatibility promise.
func (c *Client) API() *gen.ClientWithResponses { return c.api }

// dnsLabel is one label according to RFC 1123.
var dnsLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// baseURL does not repeat the subdomain in its error: a caller who swaps the
// arguments of New passes the key as subdomain, which is rejected here because of
// its 64 characters.
func baseURL(subdomain string) (string, error) {
	switch {
	case subdomain == "":
		return "", nil
	case !dnsLabel.MatchString(subdomain):
		return "", errors.New(`subdomain: want one DNS label, the "app" of https://app.user.com: at most 63 letters, digits and inner hyphens`)
	}
	return "https://" + subdomain + ".user.com/api/public", nil
}
