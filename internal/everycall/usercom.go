package everycall

import (
	"context"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
)

// UserCom returns the operations of a client of package usercom.
func UserCom(options ...rest.Option) ([]Operation, error) {
	client, err := usercom.New("app", Key, options...)
	if err != nil {
		return nil, err
	}
	upserts := func(attributes map[string]any) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			r, err := client.UpsertUser(ctx, usercom.UserInput{UserID: "4711", Attributes: attributes})
			return problemUnless(r.ID > 0 && r.Outcome != 0, "no id or outcome"), err
		}
	}
	one := func(user usercom.User, err error) (string, error) {
		return problemUnless(user.ID > 0, "a user without an id"), err
	}
	written := func(err error) (string, error) { return "", err }
	return append(usercomAPI(client.API()), []Operation{
		{Name: "UpsertUser", Call: upserts(nil)},
		{Name: "UpsertUser with attributes", Call: upserts(map[string]any{"plan": "pro"})},
		{Name: "CheckUpsert", Call: func(ctx context.Context) (string, error) {
			return written(client.CheckUpsert(ctx, usercom.UserInput{UserID: "4711"}, upsert.Result[int64]{ID: 7}))
		}},
		{Name: "Guard", Call: func(ctx context.Context) (string, error) {
			r, err := client.Guard()(ctx, usercom.UserInput{UserID: "4711"})
			return problemUnless(r.ID > 0 && r.Outcome != 0, "no id or outcome"), err
		}},
		{Name: "UpdateUser", Call: func(ctx context.Context) (string, error) {
			return one(client.UpdateUser(ctx, 7, usercom.UpdateUserRequest{City: new("Rome")}))
		}},
		{Name: "GetUser", Call: func(ctx context.Context) (string, error) { return one(client.GetUser(ctx, 7)) }},
		{Name: "FindUserByEmail", Call: func(ctx context.Context) (string, error) { return one(client.FindUserByEmail(ctx, "ada@example.com")) }},
		{Name: "DeleteUser", Call: func(ctx context.Context) (string, error) { return written(client.DeleteUser(ctx, 7)) }},
		{Name: "SetAttribute", Call: func(ctx context.Context) (string, error) {
			return written(client.SetAttribute(ctx, 7, "plan", "pro"))
		}},
		{Name: "SetAttributes", Call: func(ctx context.Context) (string, error) {
			return written(client.SetAttributes(ctx, 7, map[string]any{"plan": "pro"}))
		}},
	}...), nil
}

func usercomAPI(api *gen.ClientWithResponses) []Operation {
	return []Operation{
		Generated("UpdateOrCreateUser", func(ctx context.Context) error {
			_, err := api.UpdateOrCreateUserWithResponse(ctx, gen.UpdateOrCreateUserJSONRequestBody{})
			return err
		}),
		Generated("SearchUsers", func(ctx context.Context) error {
			_, err := api.SearchUsersWithResponse(ctx, nil)
			return err
		}),
		Generated("GetUser", func(ctx context.Context) error {
			_, err := api.GetUserWithResponse(ctx, 7)
			return err
		}),
		Generated("UpdateUser", func(ctx context.Context) error {
			_, err := api.UpdateUserWithResponse(ctx, 7, gen.UpdateUserJSONRequestBody{})
			return err
		}),
		Generated("DeleteUser", func(ctx context.Context) error {
			_, err := api.DeleteUserWithResponse(ctx, 7)
			return err
		}),
		Generated("SetAttribute", func(ctx context.Context) error {
			_, err := api.SetAttributeWithResponse(ctx, 7, gen.SetAttributeJSONRequestBody{})
			return err
		}),
		Generated("SetMultipleAttributes", func(ctx context.Context) error {
			_, err := api.SetMultipleAttributesWithResponse(ctx, 7, gen.SetMultipleAttributesJSONRequestBody{})
			return err
		}),
	}
}
