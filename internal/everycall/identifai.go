package everycall

import (
	"context"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/rest"
)

// Identifai returns the operations of a client of package identifai.
func Identifai(options ...rest.Option) ([]Operation, error) {
	client, err := identifai.New(Key, options...)
	if err != nil {
		return nil, err
	}
	ada := identifai.UserInput{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 2}
	known, fresh := ada, ada
	known.ID, known.Password, fresh.Password = new(int64(7)), Password, Password
	upserted := func(r identifai.UpsertResult, err error) (string, error) {
		return problemUnless(r.ID > 0 && r.User.ID == r.ID && r.Outcome != 0, "no id or outcome"), err
	}
	one := func(user identifai.User, err error) (string, error) { return identifaiID(user), err }
	bulk := func(ctx context.Context, call func(*identifai.Bulk) (string, error)) (string, error) {
		b, err := client.Bulk(ctx, 1000)
		if err != nil {
			return "", nil // which is for the operation Bulk
		}
		return call(b)
	}
	api := client.API()
	return []Operation{
		{Name: "UpsertUser", UsesPassword: true, Call: func(ctx context.Context) (string, error) { return upserted(client.UpsertUser(ctx, fresh)) }},
		{Name: "UpsertUser by id", UsesPassword: true, Call: func(ctx context.Context) (string, error) { return upserted(client.UpsertUser(ctx, known)) }},
		{Name: "FindUserByEmail", Call: func(ctx context.Context) (string, error) { return one(client.FindUserByEmail(ctx, "ada@example.com")) }},
		{Name: "SendCreationEmail", Call: func(ctx context.Context) (string, error) { return one(client.SendCreationEmail(ctx, 7)) }},
		{Name: "Users", Call: func(ctx context.Context) (string, error) {
			return collect(client.Users(ctx, identifai.ListUsersParams{}), identifaiID)
		}},
		{Name: "Pricings", Call: func(ctx context.Context) (string, error) {
			pricings, err := client.Pricings(ctx)
			for _, p := range pricings {
				if p.ID <= 0 {
					return "a plan without an id", err
				}
			}
			return problemUnless(pricings != nil, "no list"), err
		}},
		{Name: "Credits", Call: func(ctx context.Context) (string, error) {
			_, err := client.Credits(ctx)
			return "", err
		}},
		{Name: "Bulk", Call: func(ctx context.Context) (string, error) {
			b, err := client.Bulk(ctx, 1000)
			return problemUnless(b != nil, "no Bulk"), err
		}},
		{Name: "Bulk.UpsertUser", UsesPassword: true, Call: func(ctx context.Context) (string, error) {
			return bulk(ctx, func(b *identifai.Bulk) (string, error) { return upserted(b.UpsertUser(ctx, fresh)) })
		}},
		{Name: "Bulk.Preview", Call: func(ctx context.Context) (string, error) {
			return bulk(ctx, func(b *identifai.Bulk) (string, error) {
				r, err := b.Preview(ctx, fresh)
				return problemUnless(r.Outcome != 0, "no outcome"), err
			})
		}},
		Generated("ListUsers", func(ctx context.Context) error {
			_, err := api.ListUsersWithResponse(ctx, &gen.ListUsersParams{})
			return err
		}),
		Generated("ListPricings", func(ctx context.Context) error {
			_, err := api.ListPricingsWithResponse(ctx)
			return err
		}),
		Generated("GetCredits", func(ctx context.Context) error {
			_, err := api.GetCreditsWithResponse(ctx)
			return err
		}),
		Generated("CreateOrUpdateUser", func(ctx context.Context) error {
			_, err := api.CreateOrUpdateUserWithBodyWithResponse(ctx, "text/plain", nil)
			return err
		}),
		Generated("SendCreationEmail", func(ctx context.Context) error {
			_, err := api.SendCreationEmailWithBodyWithResponse(ctx, "text/plain", nil)
			return err
		}),
	}, nil
}

func identifaiID(user identifai.User) string {
	return problemUnless(user.ID > 0, "a user without an id")
}
