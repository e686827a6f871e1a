package main

import (
	"context"
	"strconv"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/upsert"
)

func identifaiTable() table[identifai.UserInput] {
	type U = identifai.UserInput
	return table[U]{
		name:    "identifai",
		columns: columnsOf[U](),
		identities: func(u U) []uniqueValue {
			ids := []uniqueValue{{"email", email.Key(u.Email)}}
			if u.ID != nil {
				ids = append(ids, uniqueValue{"id", strconv.FormatInt(*u.ID, 10)})
			}
			return ids
		},
		id:   func(u U) *int64 { return u.ID },
		user: func(u U) string { return u.Email },
		newClient: func(a clientConfig) (prepareFunc[U], error) {
			if a.textBooleans {
				a.options = append(a.options, identifai.WithTextBooleans())
			}
			client, err := identifai.New(a.key, a.options...)
			return func(ctx context.Context, p workload) (upsertFunc[U], error) {
				bulk, err := client.Bulk(ctx, p.users, p.ids...)
				if err != nil {
					return nil, err
				}
				return func(ctx context.Context, u U) (string, upsert.Outcome, error) {
					if p.dryRun {
						r, err := bulk.Preview(ctx, u)
						return idText(r.ID), r.Outcome, err
					}
					r, err := bulk.UpsertUser(ctx, u)
					return idText(r.ID), r.Outcome, err
				}, nil
			}, err
		},
		defaultHost: identifai.Production,
		quotas:      identifai.Quotas(),
		env: []envVar{
			apiKey("IDENTIFAI_API_KEY"),
			baseURL("IDENTIFAI_BASE_URL", "http://127.0.0.1:8080"),
		},
		newFake: func() fake { return newFake(identifaitest.Key, identifaiFakeState{identifaitest.NewServer()}) },
	}
}

// identifaiFakeState has the users of the fake without their passwords.
type identifaiFakeState struct{ *identifaitest.Server }

func (s identifaiFakeState) Users() []identifai.UserInput {
	users := s.Server.Users()
	for i := range users {
		users[i].Password = ""
	}
	return users
}
