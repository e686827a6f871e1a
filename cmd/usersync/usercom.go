package main

import (
	"cmp"
	"context"
	"strconv"

	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func usercomTable() table[usercom.UserInput] {
	type U = usercom.UserInput
	version := 1 // of the API
	return table[U]{
		name:       "usercom",
		columns:    columnsOf[U](),
		identities: func(u U) []uniqueValue { return []uniqueValue{{"user_id", u.UserID}} },
		id:         func(U) *int64 { return nil },
		user:       func(u U) string { return cmp.Or(u.Email, u.UserID) },
		validate:   func(u U) error { return u.ValidateVersion(version) },
		newClient: func(a clientConfig) (prepareFunc[U], error) {
			client, err := usercom.New(a.subdomain, a.key, append(a.options, usercom.WithVersion(version))...)
			return func(_ context.Context, p workload) (upsertFunc[U], error) {
				upsertUser := client.Guard() // the wrong version creates every user again
				return func(ctx context.Context, u U) (string, upsert.Outcome, error) {
					if p.dryRun {
						return "", 0, nil // Validate has said all there is to say
					}
					r, err := upsertUser(ctx, u)
					return idText(r.ID), r.Outcome, err
				}, nil
			}, err
		},
		env: []envVar{
			apiKey("USERCOM_API_KEY"),
			{name: "USERCOM_SUBDOMAIN", description: `the "app" of https://app.user.com`, alternative: "USERCOM_BASE_URL", set: func(a *clientConfig, v string) { a.subdomain = v }},
			{name: "USERCOM_API_VERSION", description: "optional: version of the API, 1 (default) or 2", alternative: "USERCOM_API_VERSION", withFake: true, set: func(_ *clientConfig, v string) {
				version, _ = strconv.Atoi(v) // 0 is rejected by usercom.New
			}},
			baseURL("USERCOM_BASE_URL", "http://127.0.0.1:8080/api/public"),
		},
		newFake: func() fake { return newFake(usercomtest.Key, usercomtest.NewServer()) },
	}
}
