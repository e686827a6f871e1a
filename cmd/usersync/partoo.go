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
		name:       "partoo",
		columns:    columnsOf[U](),
		identities: func(u U) []uniqueValue { return []uniqueValue{{"email", u.Key()}} },
		id:         func(U) *int64 { return nil },
		user:       func(u U) string { return u.Email },
		newClient: func(a clientConfig) (prepareFunc[U], error) {
			client, err := partoo.New(a.key, a.options...)
			return func(ctx context.Context, p workload) (upsertFunc[U], error) {
				bulk, err := client.Bulk(ctx, p.users)
				if err != nil {
					return nil, err
				}
				return func(ctx context.Context, u U) (string, upsert.Outcome, error) {
					if p.dryRun {
						preview, err := bulk.Preview(ctx, u)
						return preview.ID, preview.Outcome, err
					}
					r, err := bulk.UpsertUser(ctx, u)
					return r.ID, r.Outcome, err
				}, nil
			}, err
		},
		defaultHost: partoo.Production,
		quotas:      partoo.Quotas(),
		env: []envVar{
			apiKey("PARTOO_API_KEY"),
			baseURL("PARTOO_BASE_URL", partoo.Sandbox),
		},
		newFake: func() fake { return newFake(partootest.Key, partootest.NewServer()) },
	}
}
