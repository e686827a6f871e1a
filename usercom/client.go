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

// Client talks to one application at user.com with one REST API key. It is safe
// for concurrent use.
type Client struct {
	api *gen.ClientWithResponses
}

// New returns a client for https://<subdomain>.user.com, the address of the
// application. apiKey is its REST API key of 64 characters, sent as
// "Authorization: Token …" (vendor pages "Update or create user", "Basic API
// usage").
//
// The subdomain is one DNS label: "app", not "app.user.com" and no URL. It may
// be empty only with rest.WithBaseURL, which takes precedence over it and is
// given with its path: https://host/api/public. New returns an error when the
// subdomain, the key, the base URL or an option is not usable; its text repeats
// neither key nor subdomain.
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

// API returns the whole generated client on the same stack: same credential,
// retries and limits, and an answer that is not a 2xx is a *rest.Error there
// too. Its types carry no compatibility promise.
func (c *Client) API() *gen.ClientWithResponses { return c.api }

// dnsLabel is one label as RFC 1123 has it.
var dnsLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// baseURL does not repeat the subdomain in its error: a caller who swaps the
// arguments of New passes the key in its place (and, at 64 characters, is
// refused here).
func baseURL(subdomain string) (string, error) {
	switch {
	case subdomain == "":
		return "", nil
	case !dnsLabel.MatchString(subdomain):
		return "", errors.New(`subdomain: want one DNS label, the "app" of https://app.user.com: letters, digits and inner hyphens, at most 63`)
	}
	return "https://" + subdomain + ".user.com/api/public", nil
}
