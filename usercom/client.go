package usercom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/rest"
)

const (
	// provider is the name in errors, logs and options.
	provider = "usercom"

	optionVersion = "WithVersion"
)

// Client calls one user.com application with one REST API key. It is safe for concurrent
// use.
type Client struct {
	rest    *rest.Client
	api     *gen.ClientWithResponses
	version int // of the API
}

// New returns a client for the application at https://<subdomain>.user.com. apiKey is
// its REST API key of 64 characters, sent as "Authorization: Token …" (vendor pages
// "Update or create user", "Basic API usage").
//
// The subdomain is one DNS label: "app", not "app.user.com" and not a URL. It may be
// empty only with rest.WithBaseURL, which overrides it and includes the path:
// https://host/api/public. New returns an error if the subdomain, the key, the base URL
// or an option is invalid; its text contains neither key nor subdomain.
func New(subdomain, apiKey string, options ...rest.Option) (*Client, error) {
	base, err := baseURL(subdomain)
	if err != nil {
		return nil, fmt.Errorf("%s: new client: %w", provider, err)
	}
	rc, err := rest.NewClient(rest.Provider{Name: provider, BaseURL: base, Header: "Authorization", Scheme: "Token"}, apiKey, options...)
	if err != nil {
		return nil, err
	}
	version, ok := rc.Option(optionVersion).(int)
	if !ok {
		version = 1
	}
	genOptions := []gen.ClientOption{gen.WithHTTPClient(rc)}
	switch version {
	case 1:
	case 2:
		genOptions = append(genOptions, gen.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Accept", "*/*; version=2") // vendor page "Basic API usage"
			return nil
		}))
	default:
		return nil, fmt.Errorf("%s: new client: WithVersion: %d, want 1 or 2", provider, version)
	}
	api, err := gen.NewClientWithResponses(rc.BaseURL(), genOptions...)
	return &Client{rest: rc, api: api, version: version}, err
}

// WithVersion selects version 1 (default) or 2 of the API. Version 1 is that of vendor
// page "Update or create user" at https://user.com/pl/api/, which identifies users by
// user_id. Version 2 is that of https://apidocs.user.com, which identifies them by
// custom_id, and accepts custom attributes and tags in an upsert.
//
// With version 2 every request contains the header "Accept: */*; version=2". DeleteUser,
// SetAttribute and SetAttributes are not documented for it and return an error that matches
// errors.ErrUnsupported.
//
// If the live service uses the other version, every upsert may create a user again
// (inference). Use [Client.Guard] to detect it.
func WithVersion(version int) rest.Option {
	return rest.ProviderOption(provider, optionVersion, version)
}

// API returns the generated client with all operations. It uses the same credential,
// retries, limits and errors. Its types carry no compatibility promise.
func (c *Client) API() *gen.ClientWithResponses { return cmp.Or(c.api, zeroAPI) }

// zeroAPI is the API of a zero Client: every call returns an error.
var zeroAPI, _ = gen.NewClientWithResponses("https://zero.invalid", gen.WithHTTPClient(new(rest.Client)))

// dnsLabel is one label according to RFC 1123.
var dnsLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// baseURL does not repeat the subdomain in its error: it is the key, of 64 characters, if a
// caller swaps the arguments of New.
func baseURL(subdomain string) (string, error) {
	if subdomain == "" {
		return "", nil
	}
	if !dnsLabel.MatchString(subdomain) {
		return "", errors.New(`subdomain: want one DNS label, the "app" of https://app.user.com: at most 63 letters, digits and inner hyphens`)
	}
	return "https://" + subdomain + ".user.com/api/public", nil
}
