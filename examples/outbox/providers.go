package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/redispacer"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
)

// providerNames are the providers and the names of their queues.
var providerNames = []string{"identifai", "partoo", "usercom"}

const processes = 2 // that share the quota while Redis is unavailable

// sent is the result of an upsert.
type sent struct{ remoteID, outcome string }

// upsertFunc upserts a user whose id at the provider is remoteID, "" if unknown.
type upsertFunc func(ctx context.Context, u User, remoteID string) (sent, error)

// provider upserts one user, or prepares the upsert of many with fewer requests.
type provider struct {
	upsert upsertFunc
	bulk   func(ctx context.Context, users int) (upsertFunc, error)
}

// connect returns the providers. Their clients share the quotas with the clients of
// other processes through Redis. Call done at the end, also after an error.
func connect(ctx context.Context, store redis.UniversalClient) (_ map[string]provider, done func(context.Context), err error) {
	var pacers []*redispacer.Pacer
	done = func(ctx context.Context) {
		for _, p := range pacers {
			_ = p.Close(ctx)
		}
	}
	all := make(map[string]provider)
	for _, name := range providerNames {
		env := func(setting string) string { return os.Getenv(strings.ToUpper(name) + "_" + setting) }
		origin, key := env("BASE_URL"), env("API_KEY")
		quotas := map[string][]backoff.QuotaSet{"identifai": identifai.Quotas(), "partoo": partoo.Quotas()}[name]
		pacer, err := redispacer.New(ctx, store, origin, key, redispacer.Config{Quotas: quotas, Share: processes, RequestTimeout: requestTimeout})
		if err != nil {
			return nil, done, fmt.Errorf("%s: %w", name, err)
		}
		pacers = append(pacers, pacer)
		options := []rest.Option{
			rest.WithBaseURL(origin), rest.WithPacer(pacer), rest.WithTimeout(requestTimeout),
			// If the wait is longer, the call fails at once and the job is snoozed (see decide).
			rest.WithRetry(backoff.Policy{MaxWait: 10 * time.Second}),
		}
		switch name {
		case "identifai":
			all[name], err = newIdentifai(key, options)
		case "partoo":
			all[name], err = newPartoo(key, options)
		case "usercom":
			all[name], err = newUsercom(env("SUBDOMAIN"), key, options)
		}
		if err != nil {
			return nil, done, err
		}
	}
	return all, done, nil
}

func newIdentifai(key string, options []rest.Option) (provider, error) {
	client, err := identifai.New(key, options...)
	with := func(do func(context.Context, identifai.UserInput) (identifai.UpsertResult, error)) upsertFunc {
		return func(ctx context.Context, u User, remoteID string) (sent, error) {
			input := identifai.UserInput{Name: u.FirstName + " " + u.LastName, Email: u.Email, Heuristic: "Average", PricingID: 1}
			if id, err := strconv.ParseInt(remoteID, 10, 64); err == nil {
				input.ID = &id
			}
			r, err := do(ctx, input)
			return result(r.Result, err)
		}
	}
	return provider{with(client.UpsertUser), func(ctx context.Context, users int) (upsertFunc, error) {
		bulk, err := client.Bulk(ctx, users)
		return with(bulk.UpsertUser), err
	}}, err
}

func newPartoo(key string, options []rest.Option) (provider, error) {
	client, err := partoo.New(key, options...)
	with := func(do func(context.Context, partoo.UserInput) (upsert.Result[string], error)) upsertFunc {
		return func(ctx context.Context, u User, _ string) (sent, error) {
			return result(do(ctx, partoo.UserInput{Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Role: partoo.RolePublisher}))
		}
	}
	return provider{with(client.UpsertUser), func(ctx context.Context, users int) (upsertFunc, error) {
		bulk, err := client.Bulk(ctx, users)
		return with(bulk.UpsertUser), err
	}}, err
}

func newUsercom(subdomain, key string, options []rest.Option) (provider, error) {
	client, err := usercom.New(subdomain, key, options...)
	do := func(ctx context.Context, u User, _ string) (sent, error) {
		return result(client.UpsertUser(ctx, usercom.UserInput{UserID: fmt.Sprint(u.ID), Email: u.Email, FirstName: u.FirstName, LastName: u.LastName}))
	}
	return provider{do, func(context.Context, int) (upsertFunc, error) { return do, nil }}, err
}

// result takes from the result of an upsert what is stored.
func result[ID comparable](r upsert.Result[ID], err error) (sent, error) {
	return sent{fmt.Sprint(r.ID), r.Outcome.String()}, err
}
