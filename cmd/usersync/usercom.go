package main

import (
	"cmp"
	"context"

	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercomtest"
)

func usercomTable() table[usercom.UserInput] {
	type U = usercom.UserInput
	genders := map[string]usercom.Gender{"unknown": usercom.GenderUnknown, "male": usercom.GenderMale, "female": usercom.GenderFemale}
	statuses := map[string]usercom.UserStatus{
		string(usercom.UserStatusNameVisitor): usercom.UserStatusVisitor,
		string(usercom.UserStatusNameUser):    usercom.UserStatusUser,
	}
	return table[U]{
		name: "usercom",
		columns: []column[U]{
			always("user_id", text[string](), "your own; what the user is found by", func(u *U) *string { return &u.UserID }),
			always("email", text[string](), "", func(u *U) *string { return &u.Email }),
			always("first_name", text[string](), "at most 40 characters", func(u *U) *string { return &u.FirstName }),
			always("last_name", text[string](), "at most 40 characters", func(u *U) *string { return &u.LastName }),
			always("phone_number", text[string](), "E.164, such as +390612345678", func(u *U) *string { return &u.PhoneNumber }),
			always("gender", code(genders), "", func(u *U) *usercom.Gender { return &u.Gender }),
			always("status", code(statuses), "", func(u *U) *usercom.UserStatus { return &u.Status }),
			always("city", text[string](), "", func(u *U) *string { return &u.City }),
			always("region", text[string](), "", func(u *U) *string { return &u.Region }),
			always("country", text[string](), "", func(u *U) *string { return &u.Country }),
			always("timezone", text[string](), "", func(u *U) *string { return &u.Timezone }),
			always("company_id", text[string](), "the user becomes an employee of that company", func(u *U) *string { return &u.CompanyID }),
			always("assigned_to", integer(), "the id of an agent", func(u *U) *int64 { return &u.AssignedTo }),
			pointer("score", integer(), "", func(u *U) **int64 { return &u.Score }),
			pointer("notifications", boolean(), "", func(u *U) **bool { return &u.Notifications }),
			pointer("unsubscribed", boolean(), "", func(u *U) **bool { return &u.Unsubscribed }),
			always("facebook_url", text[string](), "", func(u *U) *string { return &u.FacebookURL }),
			always("google_url", text[string](), "", func(u *U) *string { return &u.GoogleURL }),
			always("gravatar_url", text[string](), "", func(u *U) *string { return &u.GravatarURL }),
			always("linkedin_url", text[string](), "", func(u *U) *string { return &u.LinkedInURL }),
			always("twitter_url", text[string](), "", func(u *U) *string { return &u.TwitterURL }),
			listed(customAttributes, object(), `custom attributes by name, such as {"plan":"pro"}`, func(u *U) *map[string]any { return &u.Attributes }),
		},
		identities: func(u U) []identity { return []identity{{"user_id", u.UserID}} },
		id:         func(U) *int64 { return nil },
		user:       func(u U) string { return cmp.Or(u.Email, u.UserID) },
		client: func(a access) (planner[U], error) {
			client, err := usercom.New(a.subdomain, a.key, a.options...)
			return func(_ context.Context, p plan) (upsertUser[U], error) {
				return func(ctx context.Context, u U) (string, upsert.Outcome, error) {
					if p.dry {
						return "", 0, nil // Validate has said all there is to say
					}
					r, err := client.UpsertUser(ctx, u)
					return number(r.ID), r.Outcome, err
				}, nil
			}, err
		},
		env: []setting{
			apiKey("USERCOM_API_KEY"),
			{name: "USERCOM_SUBDOMAIN", what: `the "app" of https://app.user.com`, instead: "USERCOM_BASE_URL", set: func(a *access, v string) { a.subdomain = v }},
			baseURL("USERCOM_BASE_URL", "http://127.0.0.1:8080/api/public"),
		},
		newFake: func() fake { return newFake(usercomtest.Key, usercomtest.NewServer()) },
	}
}

// customAttributes is the one column that is no field of the upsert.
const customAttributes = "attributes"
