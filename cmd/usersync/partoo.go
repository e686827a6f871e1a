package main

import (
	"context"

	"github.com/usersync/usersync/internal/address"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

func partooTable() table[partoo.UserInput] {
	type U = partoo.UserInput
	return table[U]{
		name: "partoo",
		columns: []column[U]{
			always("email", text[string](), "what the user is found by, in any case", func(u *U) *string { return &u.Email }),
			always("first_name", text[string](), "", func(u *U) *string { return &u.FirstName }),
			always("last_name", text[string](), "", func(u *U) *string { return &u.LastName }),
			pointer("org_id", integer(), "for the keys of a PROVIDER", func(u *U) **int64 { return &u.OrgID }),
			listed("accesses", groups(), "group ids; counts for GROUP_MANAGER", func(u *U) *[][]int64 { return &u.Accesses }),
			listed("business_ids", list[string](), "counts for BUSINESS_MANAGER", func(u *U) *[]string { return &u.BusinessIDs }),
			always("role", text[partoo.Role](), "ORG_ADMIN, ORG_MANAGER, GROUP_MANAGER, BUSINESS_MANAGER or PUBLISHER", func(u *U) *partoo.Role { return &u.Role }),
			always("custom_role", text[string](), "the api_id of a custom role", func(u *U) *string { return &u.CustomRole }),
			listed("sidebar_pages", list[partoo.SidebarPage](), "superseded by custom roles", func(u *U) *[]partoo.SidebarPage { return &u.SidebarPages }),
			pointer("send_invitation", boolean(), "for new users", func(u *U) **bool { return &u.OnCreate.SendInvitation }),
			always("status", text[partoo.UserStatus](), "active or invited; for new users", func(u *U) *partoo.UserStatus { return &u.OnCreate.Status }),
			always("password", text[rest.Secret](), "for new users: 8 characters or more, with upper case, lower case, digit and special character", func(u *U) *rest.Secret { return &u.OnCreate.Password }),
			always("lang", text[partoo.Lang](), "fr, en, es, it, pt-br, de, ar, nl, pl, cs, ca, sk, pt, lv, ro, bg or hu", func(u *U) *partoo.Lang { return &u.Lang }),
			pointer("sso_only", boolean(), "", func(u *U) **bool { return &u.SSOOnly }),
		},
		identities: func(u U) []identity { return []identity{{"email", address.Key(u.Email)}} },
		id:         func(U) *int64 { return nil },
		user:       func(u U) string { return u.Email },
		client: func(a access) (planner[U], error) {
			client, err := partoo.New(a.key, a.options...)
			return func(ctx context.Context, p plan) (upsertUser[U], error) {
				bulk, err := client.Bulk(ctx, p.users)
				if err != nil {
					return nil, err
				}
				do := bulk.UpsertUser
				if p.dry {
					do = bulk.Preview
				}
				return func(ctx context.Context, u U) (string, upsert.Outcome, error) {
					r, err := do(ctx, u)
					return r.ID, r.Outcome, err
				}, nil
			}, err
		},
		home:   partoo.Production,
		quotas: partoo.Quotas(),
		env: []setting{
			apiKey("PARTOO_API_KEY"),
			baseURL("PARTOO_BASE_URL", partoo.Sandbox),
		},
		newFake: func() fake { return newFake(partootest.Key, partooStore{partootest.NewServer()}) },
	}
}

// partooStore has the users of the fake in a form that keeps an empty list apart
// from none.
type partooStore struct{ *partootest.Server }

type partooUser struct {
	partoo.User
	SidebarPages []partoo.SidebarPage `json:"sidebar_pages,omitzero"`
}

func (s partooStore) Users() []partooUser {
	var users []partooUser
	for _, user := range s.Server.Users() {
		users = append(users, partooUser{user, user.SidebarPages})
	}
	return users
}

func (s partooStore) AddUser(user partooUser) partooUser {
	user.User.SidebarPages = user.SidebarPages
	s.Server.AddUser(user.User)
	return user
}
