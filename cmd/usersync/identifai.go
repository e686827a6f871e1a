package main

import (
	"context"
	"strconv"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifaitest"
	"github.com/usersync/usersync/internal/address"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

func identifaiTable() table[identifai.UserInput] {
	type U = identifai.UserInput
	return table[U]{
		name: "identifai",
		columns: []column[U]{
			pointer("id", integer(), "identifAI's own; without one the user is created, or found by e-mail when that is taken", func(u *U) **int64 { return &u.ID }),
			always("name", text[string](), "", func(u *U) *string { return &u.Name }),
			always("email", text[string](), "", func(u *U) *string { return &u.Email }),
			always("password", text[rest.Secret](), "", func(u *U) *rest.Secret { return &u.Password }),
			always("heuristic", text[string](), "such as Average", func(u *U) *string { return &u.Heuristic }),
			always("pricing_id", integer(), "", func(u *U) *int64 { return &u.PricingID }),
			pointer("readonly", boolean(), "", func(u *U) **bool { return &u.Readonly }),
			pointer("newsletter", boolean(), "", func(u *U) **bool { return &u.Newsletter }),
			pointer("save_files", boolean(), "", func(u *U) **bool { return &u.SaveFiles }),
		},
		identities: func(u U) []identity {
			ids := []identity{{"email", address.Key(u.Email)}}
			if u.ID != nil {
				ids = append(ids, identity{"id", strconv.FormatInt(*u.ID, 10)})
			}
			return ids
		},
		id:   func(u U) *int64 { return u.ID },
		user: func(u U) string { return u.Email },
		client: func(a access) (planner[U], error) {
			client, err := identifai.New(a.key, a.options...)
			return func(ctx context.Context, p plan) (upsertUser[U], error) {
				bulk, err := client.Bulk(ctx, p.users, p.ids...)
				if err != nil {
					return nil, err
				}
				return func(ctx context.Context, u U) (string, upsert.Outcome, error) {
					if p.dry {
						r, err := bulk.Preview(ctx, u)
						return number(r.ID), r.Outcome, err
					}
					r, err := bulk.UpsertUser(ctx, u)
					return number(r.ID), r.Outcome, err
				}, nil
			}, err
		},
		home:   identifai.Production,
		quotas: identifai.Quotas(),
		env: []setting{
			apiKey("IDENTIFAI_API_KEY"),
			baseURL("IDENTIFAI_BASE_URL", "http://127.0.0.1:8080"),
		},
		newFake: func() fake { return newFake(identifaitest.Key, identifaiStore{identifaitest.NewServer()}) },
	}
}

// identifaiStore has the users of the fake without their passwords.
type identifaiStore struct{ *identifaitest.Server }

func (s identifaiStore) Users() []identifai.UserInput {
	users := s.Server.Users()
	for i := range users {
		users[i].Password = ""
	}
	return users
}
