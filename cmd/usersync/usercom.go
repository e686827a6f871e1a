package main

import (
	"context"
	"strconv"

	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func usercomProvider() *provider {
	version := 1 // of the API
	return providerOf[usercom.UserInput](provider{
		name: "usercom",
		env: []envVar{
			apiKey("USERCOM_API_KEY"),
			{name: "USERCOM_SUBDOMAIN", description: `the "app" of https://app.user.com`, alternative: "USERCOM_BASE_URL", set: func(c *clientConfig, v string) { c.subdomain = v }},
			{name: "USERCOM_API_VERSION", description: "version of the API (optional): 1 (default) or 2", alternative: "USERCOM_API_VERSION", withFake: true, set: func(c *clientConfig, v string) {
				c.version = v
				version, _ = strconv.Atoi(v) // usercom.New rejects 0
			}},
			baseURL("USERCOM_BASE_URL", "http://127.0.0.1:8080/api/public"),
		},
		validate: func(u user) error { return u.(*usercom.UserInput).ValidateVersion(version) },
		connect: func(c clientConfig) (prepareFunc, error) {
			client, err := usercom.New(c.subdomain, c.key, append(c.options, usercom.WithVersion(version))...)
			return func(_ context.Context, w workload) (upsertFunc, error) {
				return newUpsertFunc(w, client.Guard(), nil), nil // the wrong version creates every user again
			}, err
		},
		startFake: func() fake { return newFake(usercomtest.Key, usercomtest.NewServer()) },
	})
}
