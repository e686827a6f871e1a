package main

import (
	"context"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

func partooTable() table[partoo.UserInput] {
	type U = partoo.UserInput
	return table[U]{
		name: "partoo",
		columns: []column[U]{
			valueColumn("email", userfile.Text[string](), "what the user is found by, in any case", func(u *U) *string { return &u.Email }),
			valueColumn("first_name", userfile.Text[string](), "", func(u *U) *string { return &u.FirstName }),
			valueColumn("last_name", userfile.Text[string](), "", func(u *U) *string { return &u.LastName }),
			pointerColumn("org_id", userfile.Integer(), "for the keys of a PROVIDER", func(u *U) **int64 { return &u.OrgID }),
			listColumn("accesses", userfile.IDLists(), "group ids; counts for GROUP_MANAGER", func(u *U) *[][]int64 { return &u.Accesses }),
			listColumn("business_ids", userfile.KeyList(), "counts for BUSINESS_MANAGER", func(u *U) *[]string { return &u.BusinessIDs }),
			valueColumn("role", userfile.Text[partoo.Role](), "ORG_ADMIN, ORG_MANAGER, GROUP_MANAGER, BUSINESS_MANAGER or PUBLISHER", func(u *U) *partoo.Role { return &u.Role }),
			valueColumn("custom_role", userfile.Key(), "the api_id of a custom role", func(u *U) *string { return &u.CustomRole }),
			listColumn("sidebar_pages", userfile.List[partoo.SidebarPage](), "superseded by custom roles", func(u *U) *[]partoo.SidebarPage { return &u.SidebarPages }),
			pointerColumn("send_invitation", userfile.Boolean(), "for new users", func(u *U) **bool { return &u.OnCreate.SendInvitation }),
			valueColumn("status", userfile.Text[partoo.UserStatus](), "active or invited; for new users", func(u *U) *partoo.UserStatus { return &u.OnCreate.Status }),
			valueColumn("password", userfile.Text[rest.Secret](), "new users only: 8 or more characters with an upper-case, a lower-case and a special character", func(u *U) *rest.Secret { return &u.OnCreate.Password }),
			valueColumn("lang", userfile.Text[partoo.Lang](), "fr, en, es, it, pt-br, de, ar, nl, pl, cs, ca, sk, pt, lv, ro, bg or hu", func(u *U) *partoo.Lang { return &u.Lang }),
			pointerColumn("sso_only", userfile.Boolean(), "", func(u *U) **bool { return &u.SSOOnly }),
		},
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
