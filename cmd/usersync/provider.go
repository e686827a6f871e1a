package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
)

// provider is implemented by [table].
type provider interface {
	title() string
	describe() []column
	validateRow(userfile.Row) validRow
	connect(clientConfig) (userSender, error)
	documented() []backoff.QuotaSet
	accountID(clientConfig) string
	envVars() []envVar
	fake() fake
}

// clientConfig is the configuration of a client.
type clientConfig struct {
	key       string
	subdomain string // user.com only
	baseURL   string // empty: the default
	options   []rest.Option

	textBooleans bool   // identifai only
	version      string // of the API, empty: the default; usercom only
}

// uniqueValue is a value that only one row may have.
type uniqueValue struct{ field, value string }

// providers are all providers, in the order of the output.
func providers() []provider {
	return []provider{identifaiTable(), partooTable(), usercomTable()}
}

// names are the names of all providers.
func names() []string {
	var all []string
	for _, p := range providers() {
		all = append(all, p.title())
	}
	return all
}

// selectProviders returns the providers that --provider selects, each once.
func selectProviders(selected []string) ([]provider, error) {
	want := strings.Join(names(), ", ") + " or all"
	if len(selected) == 0 {
		return nil, fmt.Errorf("missing --provider: want %s", want)
	}
	for i, name := range selected {
		name = strings.TrimSpace(name) // as in "identifai, partoo"
		selected[i] = name
		if name != "all" && !slices.Contains(names(), name) {
			return nil, fmt.Errorf("--provider %s: want %s", userfile.Printable(name), want)
		}
	}
	return slices.DeleteFunc(providers(), func(p provider) bool {
		return !slices.Contains(selected, "all") && !slices.Contains(selected, p.title())
	}), nil
}
