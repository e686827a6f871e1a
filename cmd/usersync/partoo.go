package main

import (
	"context"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

func partooProvider() *provider {
	return providerOf[partoo.UserInput](provider{
		name:   "partoo",
		host:   partoo.Production,
		quotas: partoo.Quotas(),
		env:    []envVar{apiKey("PARTOO_API_KEY"), baseURL("PARTOO_BASE_URL", partoo.Sandbox)},
		connect: func(c clientConfig) (prepareFunc, error) {
			client, err := partoo.New(c.key, c.options...)
			return func(ctx context.Context, w workload) (upsertFunc, error) {
				bulk, err := client.Bulk(ctx, w.users)
				return newUpsertFunc(w, bulk.UpsertUser, bulk.Preview), err
			}, err
		},
		startFake: func() fake { return newFake(partootest.Key, partootest.NewServer()) },
	})
}
