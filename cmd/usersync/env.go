package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/usersync/usersync/rest"
)

// setting is something the environment says of a provider.
type setting struct {
	name    string
	what    string
	instead string // the variable that makes this one optional; it may be itself
	set     func(*access, string)
}

func apiKey(name string) setting {
	return setting{name: name, what: "API key", set: func(a *access, v string) { a.key = v }}
}

func baseURL(name, example string) setting {
	return setting{name: name, what: "optional: send there instead, such as " + example, instead: name, set: func(a *access, v string) {
		a.baseURL, a.options = v, append(a.options, rest.WithBaseURL(v))
	}}
}

// fromEnvironment reads the settings of the providers. Its error names every
// variable that is missing.
func fromEnvironment(chosen []provider, getenv func(string) string) ([]access, error) {
	var all []access
	var missing []string
	for _, p := range chosen {
		var a access
		for _, s := range p.settings() {
			switch value := getenv(s.name); {
			case value != "":
				s.set(&a, value)
			case s.instead == "" || s.instead != s.name && getenv(s.instead) == "":
				missing = append(missing, fmt.Sprintf("%s (%s)", s.name, s.what))
			}
		}
		all = append(all, a)
	}
	if len(missing) > 0 {
		return nil, errors.New("missing in the environment: " + strings.Join(missing, ", "))
	}
	return all, nil
}
