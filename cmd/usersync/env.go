package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/usersync/usersync/rest"
)

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

// setForFakes reads the variables that also apply to fakes.
func setForFakes(selected []provider, configs []clientConfig, getenv func(string) string) {
	for i, p := range selected {
		for _, v := range p.envVars() {
			if value := getenv(v.name); v.withFake && value != "" {
				v.set(&configs[i], value)
			}
		}
	}
}

// configsFromEnv reads the client configs of the providers. Its error names every missing
// variable.
func configsFromEnv(selected []provider, getenv func(string) string) ([]clientConfig, error) {
	var configs []clientConfig
	var missing []string
	for _, p := range selected {
		var c clientConfig
		for _, v := range p.envVars() {
			switch value := getenv(v.name); {
			case value != "":
				v.set(&c, value)
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
