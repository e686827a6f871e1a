package everycall

import (
	"context"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// Partoo returns the operations of a client of package partoo.
func Partoo(options ...rest.Option) ([]Operation, error) {
	client, err := partoo.New(Key, options...)
	if err != nil {
		return nil, err
	}
	asked := partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleBusinessManager}
	asked.OnCreate.Password = Password
	upserted := func(r upsert.Result[string], err error) (string, error) {
		return problemUnless(r.ID != "" && r.Outcome != 0, "no id or outcome"), err
	}
	one := func(user partoo.User, err error) (string, error) { return partooID(user), err }
	written := func(err error) (string, error) { return "", err }
	bulk := func(ctx context.Context, call func(*partoo.Bulk) (string, error)) (string, error) {
		b, err := client.Bulk(ctx, 1000)
		if err != nil {
			return "", nil // which is for the operation Bulk
		}
		return call(b)
	}
	return append(partooAPI(client.API()), []Operation{
		{Name: "UpsertUser", UsesPassword: true, Call: func(ctx context.Context) (string, error) { return upserted(client.UpsertUser(ctx, asked)) }},
		{Name: "CreateUser", UsesPassword: true, Call: func(ctx context.Context) (string, error) {
			id, err := client.CreateUser(ctx, partoo.CreateUserRequest{Email: asked.Email, FirstName: "A", LastName: "L", Password: &asked.OnCreate.Password})
			return problemUnless(id != "", "no id"), err
		}},
		{Name: "UpdateUser", UsesPassword: true, Call: func(ctx context.Context) (string, error) {
			return written(client.UpdateUser(ctx, "u1", partoo.UpdateUserRequest{Password: &asked.OnCreate.Password}))
		}},
		{Name: "DeleteUser", Call: func(ctx context.Context) (string, error) { return written(client.DeleteUser(ctx, "u1")) }},
		{Name: "InviteUser", Call: func(ctx context.Context) (string, error) { return written(client.InviteUser(ctx, "u1")) }},
		{Name: "GetUser", Call: func(ctx context.Context) (string, error) { return one(client.GetUser(ctx, "u1")) }},
		{Name: "Me", Call: func(ctx context.Context) (string, error) { return one(client.Me(ctx)) }},
		{Name: "SearchUsers", Call: func(ctx context.Context) (string, error) {
			return collect(client.SearchUsers(ctx, partoo.SearchUsersParams{}), partooID)
		}},
		{Name: "Bulk", Call: func(ctx context.Context) (string, error) {
			b, err := client.Bulk(ctx, 1000)
			return problemUnless(b != nil, "no Bulk"), err
		}},
		{Name: "Bulk.UpsertUser", UsesPassword: true, Call: func(ctx context.Context) (string, error) {
			return bulk(ctx, func(b *partoo.Bulk) (string, error) { return upserted(b.UpsertUser(ctx, asked)) })
		}},
		{Name: "Bulk.Preview", Call: func(ctx context.Context) (string, error) {
			return bulk(ctx, func(b *partoo.Bulk) (string, error) {
				r, err := b.Preview(ctx, asked)
				return problemUnless(r.Outcome != 0, "no outcome"), err
			})
		}},
	}...), nil
}

func partooID(user partoo.User) string { return problemUnless(user.ID != "", "a user without an id") }

func partooAPI(api *gen.ClientWithResponses) []Operation {
	return []Operation{
		Generated("CreateUser", func(ctx context.Context) error {
			_, err := api.CreateUserWithResponse(ctx, gen.CreateUserJSONRequestBody{})
			return err
		}),
		Generated("UpdateUser", func(ctx context.Context) error {
			_, err := api.UpdateUserWithResponse(ctx, "u1", gen.UpdateUserJSONRequestBody{})
			return err
		}),
		Generated("DeleteUser", func(ctx context.Context) error {
			_, err := api.DeleteUserWithResponse(ctx, "u1")
			return err
		}),
		Generated("InviteUser", func(ctx context.Context) error {
			_, err := api.InviteUserWithResponse(ctx, "u1")
			return err
		}),
		Generated("GetUser", func(ctx context.Context) error {
			_, err := api.GetUserWithResponse(ctx, "u1")
			return err
		}),
		Generated("GetMyUser", func(ctx context.Context) error {
			_, err := api.GetMyUserWithResponse(ctx, nil)
			return err
		}),
		Generated("SearchUsers", func(ctx context.Context) error {
			_, err := api.SearchUsersWithResponse(ctx, nil)
			return err
		}),
	}
}
