package redispacer_test

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/redispacer"
	"github.com/usersync/usersync/rest"
)

// A service with several processes gives each of them a client like this one.
func Example() {
	run := func(ctx context.Context, apiKey string) (err error) {
		store := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", ContextTimeoutEnabled: true})
		defer func() { err = errors.Join(err, store.Close()) }()
		pacer, err := redispacer.New(ctx, store, partoo.Production, apiKey, redispacer.Config{Quotas: partoo.Quotas(), Share: 4})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, pacer.Close(context.WithoutCancel(ctx))) }()
		client, err := partoo.New(apiKey, rest.WithPacer(pacer))
		if err != nil {
			return err
		}
		_, err = client.UpsertUser(ctx, partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
		return err
	}
	_ = run
}
