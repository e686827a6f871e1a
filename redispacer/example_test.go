package redispacer_test

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/redispacer"
	"github.com/usersync/usersync/rest"
)

// A service with several processes gives each of them a client like this one.
func Example() {
	_ = upsertWithSharedQuota
}

func upsertWithSharedQuota(ctx context.Context, apiKey string) error {
	store := redis.NewClient(&redis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
	pacer, err := redispacer.New(ctx, store, partoo.Production, apiKey, redispacer.Config{
		Quotas: partoo.Quotas(),
		Share:  4, // processes, for the time in which the store is unavailable
	})
	if err != nil {
		return err
	}
	defer pacer.Close(context.WithoutCancel(ctx))
	client, err := partoo.New(apiKey, rest.WithPacer(pacer))
	if err != nil {
		return err
	}
	_, err = client.UpsertUser(ctx, partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	return err
}
