package main

import (
	"context"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/upsert"
)

func partooTable() table[partoo.UserInput] {
	type U = partoo.UserInput
	return table[U]{
		name: "partoo",
		newClient: func(c clientConfig) (prepareFunc[U], error) {
			client, err := partoo.New(c.key, c.options...)
			return func(ctx context.Context, w workload) (upsertFunc[U], error) {
				bulk, err := client.Bulk(ctx, w.users)
				return func(ctx context.Context, u U) (upsert.Preview[string], error) {
					if w.dryRun {
						return bulk.Preview(ctx, u)
					}
					result, err := bulk.UpsertUser(ctx, u)
					return withTextID(result, nil), err
				}, err
			}, err
		},
		defaultHost: partoo.Production,
		quotas:      partoo.Quotas(),
		env:         []envVar{apiKey("PARTOO_API_KEY"), baseURL("PARTOO_BASE_URL", partoo.Sandbox)},
		newFake:     func() fake { return newFake(partootest.Key, partootest.NewServer()) },
	}.withColumns()
}
