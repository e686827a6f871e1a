package main

import (
	"context"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/upsert"
)

func identifaiProvider() *provider {
	return providerOf[identifai.UserInput](provider{
		name:     "identifai",
		host:     identifai.Production,
		quotas:   identifai.Quotas(),
		env:      []envVar{apiKey("IDENTIFAI_API_KEY"), baseURL("IDENTIFAI_BASE_URL", "http://127.0.0.1:8080")},
		vendorID: func(u user) *int64 { return u.(*identifai.UserInput).ID },
		connect: func(c clientConfig) (prepareFunc, error) {
			if c.textBooleans {
				c.options = append(c.options, identifai.WithTextBooleans())
			}
			client, err := identifai.New(c.key, c.options...)
			return func(ctx context.Context, w workload) (upsertFunc, error) {
				bulk, err := client.Bulk(ctx, w.users, w.ids...)
				upsertUser := func(ctx context.Context, u identifai.UserInput) (upsert.Result[int64], error) {
					result, err := bulk.UpsertUser(ctx, u)
					return result.Result, err
				}
				return newUpsertFunc(w, upsertUser, bulk.Preview), err
			}, err
		},
		startFake: func() fake { return newFake(identifaitest.Key, identifaitest.NewServer()) },
	})
}
