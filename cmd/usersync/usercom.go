package main

import (
	"context"
	"strconv"

	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func usercomTable() table[usercom.UserInput] {
	type U = usercom.UserInput
	version := 1 // of the API
	return table[U]{
		name:     "usercom",
		validate: func(u U) error { return u.ValidateVersion(version) },
		newClient: func(c clientConfig) (prepareFunc[U], error) {
			client, err := usercom.New(c.subdomain, c.key, append(c.options, usercom.WithVersion(version))...)
			return func(_ context.Context, w workload) (upsertFunc[U], error) {
				return newUpsertFunc(w, client.Guard(), nil), nil // the wrong version creates every user again
			}, err
		},
		env: []envVar{
			apiKey("USERCOM_API_KEY"),
			{name: "USERCOM_SUBDOMAIN", description: `the "app" of https://app.user.com`, alternative: "USERCOM_BASE_URL", set: func(c *clientConfig, v string) { c.subdomain = v }},
			{name: "USERCOM_API_VERSION", description: "version of the API (optional): 1 (default) or 2", alternative: "USERCOM_API_VERSION", withFake: true, set: func(c *clientConfig, v string) {
				c.version = v
				version, _ = strconv.Atoi(v) // usercom.New rejects 0
			}},
			baseURL("USERCOM_BASE_URL", "http://127.0.0.1:8080/api/public"),
		},
		newFake: func() fake { return newFake(usercomtest.Key, usercomtest.NewServer()) },
	}.withColumns()
}
