package main

import (
	"context"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/upsert"
)

func identifaiTable() table[identifai.UserInput] {
	type U = identifai.UserInput
	return table[U]{
		name: "identifai",
		id:   func(u U) *int64 { return u.ID },
		newClient: func(c clientConfig) (prepareFunc[U], error) {
			if c.textBooleans {
				c.options = append(c.options, identifai.WithTextBooleans())
			}
			client, err := identifai.New(c.key, c.options...)
			return func(ctx context.Context, w workload) (upsertFunc[U], error) {
				bulk, err := client.Bulk(ctx, w.users, w.ids...)
				return func(ctx context.Context, u U) (upsert.Preview[string], error) {
					if w.dryRun {
						preview, err := bulk.Preview(ctx, u)
						return withTextID(preview.Result, preview.Changes), err
					}
					result, err := bulk.UpsertUser(ctx, u)
					return withTextID(result.Result, nil), err
				}, err
			}, err
		},
		defaultHost: identifai.Production,
		quotas:      identifai.Quotas(),
		env:         []envVar{apiKey("IDENTIFAI_API_KEY"), baseURL("IDENTIFAI_BASE_URL", "http://127.0.0.1:8080")},
		newFake:     func() fake { return newFake(identifaitest.Key, identifaiFake{identifaitest.NewServer()}) },
	}.withColumns()
}

// identifaiFake lists its users without their passwords.
type identifaiFake struct{ *identifaitest.Server }

func (s identifaiFake) Users() []identifaitest.User {
	users := s.Server.Users()
	for i := range users {
		users[i].Password = ""
	}
	return users
}
