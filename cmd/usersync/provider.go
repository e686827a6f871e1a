package main

import (
	"fmt"
	"strings"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// provider is what the command needs of a provider. A [table] is one.
type provider interface {
	title() string
	describe() []columnHelp
	required() []string
	validateRow(row) (userKeys, []problem)
	connect(clientConfig) (userSender, error)
	documented() []backoff.QuotaSet
	accountID(clientConfig) string
	envVars() []envVar
	fake() fake
}

// clientConfig is where a provider is and what opens it.
type clientConfig struct {
	key       string
	subdomain string // user.com only
	baseURL   string // empty: the provider's own
	options   []rest.Option
}

// uniqueValue is a value that no two rows may have in common.
type uniqueValue struct{ field, value string }

// columnHelp is a column in the help.
type columnHelp struct{ name, format, note string }

// providers are all there are, in the order in which they have their turn.
func providers() []provider {
	return []provider{identifaiTable(), partooTable(), usercomTable()}
}

// selectProviders returns the providers that -provider means.
func selectProviders(name string) ([]provider, error) {
	var names []string
	for _, p := range providers() {
		if p.title() == name {
			return []provider{p}, nil
		}
		names = append(names, p.title())
	}
	want := strings.Join(names, ", ") + " or all"
	switch name {
	case "all":
		return providers(), nil
	case "":
		return nil, fmt.Errorf("want -provider %s", want)
	}
	return nil, fmt.Errorf("-provider %s: want %s", printable(name), want)
}
