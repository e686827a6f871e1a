package main

import (
	"context"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

func partooTable() table[partoo.UserInput] {
	type U = partoo.UserInput
	return table[U]{
		name: "partoo",
		newClient: func(c clientConfig) (prepareFunc[U], error) {
			client, err := partoo.New(c.key, c.options...)
			return func(ctx context.Context, w workload) (upsertFunc[U], error) {
				bulk, err := client.Bulk(ctx, w.users)
				return newUpsertFunc(w, bulk.UpsertUser, bulk.Preview), err
			}, err
		},
		defaultHost: partoo.Production,
		quotas:      partoo.Quotas(),
		env:         []envVar{apiKey("PARTOO_API_KEY"), baseURL("PARTOO_BASE_URL", partoo.Sandbox)},
		newFake:     func() fake { return newFake(partootest.Key, partootest.NewServer()) },
	}.withColumns()
}
