package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// provider is what the command needs to know about a provider. The columns are the fields
// that the provider's UserInput declares.
type provider struct {
	name      string
	host      string // unless the client config has another
	quotas    []backoff.QuotaSet
	env       []envVar
	vendorID  func(user) *int64 // of a user that exists; the default returns nil
	validate  func(user) error  // the default is Validate
	connect   func(clientConfig) (prepareFunc, error)
	startFake func() fake

	newUser   func() user
	columns   []fields.Field
	keyColumn string // the column that identifies users
}

// user is a pointer to the UserInput of a provider.
type user interface {
	Validate() error
	Key() string
}

// providerOf completes p with what follows from the provider's UserInput.
func providerOf[U any, P interface {
	*U
	user
}](p provider) *provider {
	p.newUser = func() user { return P(new(U)) }
	p.columns = fields.List[U]()
	key := slices.IndexFunc(p.columns, func(f fields.Field) bool { return f.Required && (f.Format == "key" || f.Format == "email") })
	p.keyColumn = p.columns[key].Name
	if p.validate == nil {
		p.validate = user.Validate
	}
	if p.vendorID == nil {
		p.vendorID = func(user) *int64 { return nil }
	}
	return &p
}

// providers are all providers, in the order of the output.
func providers() []*provider {
	return []*provider{identifaiProvider(), partooProvider(), usercomProvider()}
}

// names are the names of all providers.
func names() (all []string) {
	for _, p := range providers() {
		all = append(all, p.name)
	}
	return all
}

// selectProviders returns the providers that --provider selects, each once.
func selectProviders(selected []string) ([]*provider, error) {
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
	return slices.DeleteFunc(providers(), func(p *provider) bool {
		return !slices.Contains(selected, "all") && !slices.Contains(selected, p.name)
	}), nil
}

// workload is what a client prepares for.
type workload struct {
	users  int     // approximate number
	ids    []int64 // the vendor's ids in the whole file
	dryRun bool    // predict outcomes instead of upserting
}

// prepareFunc prepares for a workload, for example by listing the existing users.
type prepareFunc func(context.Context, workload) (upsertFunc, error)

// upsertFunc upserts a user or, in a dry run, predicts the outcome: 0 means unknown.
type upsertFunc func(context.Context, user) (upsert.Preview[string], error)

// newUpsertFunc returns upsertUser, or preview for a dry run. preview may be nil.
func newUpsertFunc[U any, ID comparable](w workload, upsertUser func(context.Context, U) (upsert.Result[ID], error), preview func(context.Context, U) (upsert.Preview[ID], error)) upsertFunc {
	return func(ctx context.Context, u user) (p upsert.Preview[string], err error) {
		var result upsert.Result[ID]
		switch input := *any(u).(*U); {
		case !w.dryRun:
			result, err = upsertUser(ctx, input)
		case preview != nil:
			var predicted upsert.Preview[ID]
			predicted, err = preview(ctx, input)
			result, p.Changes = predicted.Result, predicted.Changes
		}
		p.Outcome = result.Outcome
		if result.ID != *new(ID) {
			p.ID = fmt.Sprint(result.ID)
		}
		return p, err
	}
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

// accountID identifies an account by host and a fingerprint of the API key: 32 bits, from
// which the key cannot be derived.
func (p *provider) accountID(c clientConfig) string {
	sum := sha256.Sum256([]byte("usersync journal\x00" + p.name + "\x00" + c.key))
	return fmt.Sprintf("%s, key %x", cmp.Or(c.baseURL, c.subdomain, p.host), sum[:4])
}

// envVar is an environment variable of a provider.
type envVar struct {
	name        string
	description string
	alternative string // the variable that makes this one optional; may be itself
	set         func(*clientConfig, string)
	withFake    bool // read with --fake, too
}

func apiKey(name string) envVar {
	return envVar{name: name, description: "API key", set: func(c *clientConfig, v string) { c.key = v }}
}

func baseURL(name, example string) envVar {
	return envVar{name: name, description: "base URL (optional), such as " + example, alternative: name, set: func(c *clientConfig, v string) {
		c.baseURL, c.options = v, append(c.options, rest.WithBaseURL(v))
	}}
}

// configsFromEnv reads the client configs of the providers, or completes those of fakes, if
// there are any. Its error names every missing variable.
func configsFromEnv(selected []*provider, fakes *fakes, getenv func(string) string) ([]clientConfig, error) {
	var configs []clientConfig
	var missing []string
	for _, p := range selected {
		var c clientConfig
		if fakes != nil {
			c = fakes.servers[p.name].config
		}
		for _, v := range p.env {
			switch value := getenv(v.name); {
			case fakes != nil && !v.withFake:
			case value != "":
				v.set(&c, value)
			case fakes != nil:
			case v.alternative == "" || v.alternative != v.name && getenv(v.alternative) == "":
				missing = append(missing, fmt.Sprintf("%s (%s)", v.name, v.description))
			}
		}
		configs = append(configs, c)
	}
	if len(missing) > 0 {
		return nil, errors.New("missing environment variables: " + strings.Join(missing, ", "))
	}
	return configs, nil
}
