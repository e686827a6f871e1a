package main

import (
	"cmp"
	"context"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
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
			valueColumn("user_id", userfile.Key(), "your own; what the user is found by", func(u *U) *string { return &u.UserID }),
			valueColumn("email", userfile.Text[string](), "", func(u *U) *string { return &u.Email }),
			valueColumn("first_name", userfile.Text[string](), "at most 40 characters", func(u *U) *string { return &u.FirstName }),
			valueColumn("last_name", userfile.Text[string](), "at most 40 characters", func(u *U) *string { return &u.LastName }),
			valueColumn("phone_number", userfile.Text[string](), "E.164, such as +390612345678", func(u *U) *string { return &u.PhoneNumber }),
			valueColumn("gender", userfile.Enum(genders), "", func(u *U) *usercom.Gender { return &u.Gender }),
			valueColumn("status", userfile.Enum(statuses), "", func(u *U) *usercom.UserStatus { return &u.Status }),
			valueColumn("city", userfile.Text[string](), "", func(u *U) *string { return &u.City }),
			valueColumn("region", userfile.Text[string](), "", func(u *U) *string { return &u.Region }),
			valueColumn("country", userfile.Text[string](), "", func(u *U) *string { return &u.Country }),
			valueColumn("timezone", userfile.Text[string](), "", func(u *U) *string { return &u.Timezone }),
			valueColumn("company_id", userfile.Key(), "the user becomes an employee of that company", func(u *U) *string { return &u.CompanyID }),
			valueColumn("assigned_to", userfile.Integer(), "the id of an agent", func(u *U) *int64 { return &u.AssignedTo }),
			pointerColumn("score", userfile.Integer(), "", func(u *U) **int64 { return &u.Score }),
			pointerColumn("notifications", userfile.Boolean(), "", func(u *U) **bool { return &u.Notifications }),
			pointerColumn("unsubscribed", userfile.Boolean(), "", func(u *U) **bool { return &u.Unsubscribed }),
			valueColumn("facebook_url", userfile.Text[string](), "", func(u *U) *string { return &u.FacebookURL }),
			valueColumn("google_url", userfile.Text[string](), "", func(u *U) *string { return &u.GoogleURL }),
			valueColumn("gravatar_url", userfile.Text[string](), "", func(u *U) *string { return &u.GravatarURL }),
			valueColumn("linkedin_url", userfile.Text[string](), "", func(u *U) *string { return &u.LinkedInURL }),
			valueColumn("twitter_url", userfile.Text[string](), "", func(u *U) *string { return &u.TwitterURL }),
			listColumn(customAttributes, userfile.Object(), `custom attributes by name, such as {"plan":"pro"}`, func(u *U) *map[string]any { return &u.Attributes }),
		},
		identities: func(u U) []uniqueValue { return []uniqueValue{{"user_id", u.UserID}} },
		id:         func(U) *int64 { return nil },
		user:       func(u U) string { return cmp.Or(u.Email, u.UserID) },
		newClient: func(a clientConfig) (prepareFunc[U], error) {
			client, err := usercom.New(a.subdomain, a.key, a.options...)
			return func(_ context.Context, p workload) (upsertFunc[U], error) {
				return func(ctx context.Context, u U) (string, upsert.Outcome, error) {
					if p.dryRun {
						return "", 0, nil // Validate has said all there is to say
					}
					r, err := client.UpsertUser(ctx, u)
					return idText(r.ID), r.Outcome, err
				}, nil
			}, err
		},
		env: []envVar{
			apiKey("USERCOM_API_KEY"),
			{name: "USERCOM_SUBDOMAIN", description: `the "app" of https://app.user.com`, alternative: "USERCOM_BASE_URL", set: func(a *clientConfig, v string) { a.subdomain = v }},
			baseURL("USERCOM_BASE_URL", "http://127.0.0.1:8080/api/public"),
		},
		newFake: func() fake { return newFake(usercomtest.Key, usercomtest.NewServer()) },
	}
}

// customAttributes is the one column that is no field of the upsert.
const customAttributes = "attributes"
