package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/usersync/usersync/rest"
)

// envVar is something the environment says of a provider.
type envVar struct {
	name        string
	description string
	alternative string // the variable that makes this one optional; it may be itself
	set         func(*clientConfig, string)
	withFake    bool // read with --fake, too
}

func apiKey(name string) envVar {
	return envVar{name: name, description: "API key", set: func(a *clientConfig, v string) { a.key = v }}
}

func baseURL(name, example string) envVar {
	return envVar{name: name, description: "optional: send there instead, such as " + example, alternative: name, set: func(a *clientConfig, v string) {
		a.baseURL, a.options = v, append(a.options, rest.WithBaseURL(v))
	}}
}

// setForFakes reads the variables that also apply to fakes.
func setForFakes(chosen []provider, configs []clientConfig, getenv func(string) string) {
	for i, p := range chosen {
		for _, s := range p.envVars() {
			if value := getenv(s.name); s.withFake && value != "" {
				s.set(&configs[i], value)
			}
		}
	}
}

// configsFromEnv reads the settings of the providers. Its error names every
// variable that is missing.
func configsFromEnv(chosen []provider, getenv func(string) string) ([]clientConfig, error) {
	var all []clientConfig
	var missing []string
	for _, p := range chosen {
		var a clientConfig
		for _, s := range p.envVars() {
			switch value := getenv(s.name); {
			case value != "":
				s.set(&a, value)
			case s.alternative == "" || s.alternative != s.name && getenv(s.alternative) == "":
				missing = append(missing, fmt.Sprintf("%s (%s)", s.name, s.description))
			}
		}
		all = append(all, a)
	}
	if len(missing) > 0 {
		return nil, errors.New("missing in the environment: " + strings.Join(missing, ", "))
	}
	return all, nil
}
