package reliability

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/upsert"
)

const adaID = "5309c3a237bbc544ada00000"

func partooOperations() []operation {
	// A role nobody knows is not the role asked for, so it is sent.
	rewritten := map[string]int{"unknown enum values": 1}
	operations := []operation{
		{name: "UpsertUser of a new user", method: "UpsertUser", start: partooUpsert(), places: []place{
			{request: "search", class: read, before: "none", after: "none"},
			{request: "create", class: once, before: "none", after: "as asked", recovery: partooCreate},
		}},
		{name: "UpsertUser of a user who differs", method: "UpsertUser", start: partooUpsert("Augusta"), places: []place{
			{request: "search", class: read, before: "as before", after: "as before"},
			{request: "update", class: idempotent, before: "as before", after: "as asked", recovery: partooUpdate},
		}},
		{name: "UpsertUser of a user who is the same", method: "UpsertUser", start: partooUpsert("Ada"), places: []place{
			{request: "search", class: read, before: "as asked", after: "as asked", more: rewritten},
		}},
		{name: "CreateUser", start: partooStarts(nil, partooCreates), places: []place{
			{request: "create", class: once, before: "none", after: "as asked"},
		}},
		{name: "UpdateUser", start: partooStarts([]string{"Augusta"}, func(ctx context.Context, c *partoo.Client) (string, error) {
			return "", c.UpdateUser(ctx, adaID, partoo.UpdateUserRequest{FirstName: new("Ada")})
		}), places: []place{{request: "update", class: idempotent, before: "as before", after: "as asked"}}},
		{name: "GetUser", start: partooReads(func(ctx context.Context, c *partoo.Client) (string, error) {
			user, err := c.GetUser(ctx, adaID)
			return unless(user.ID == adaID && user.Email == "ada@example.com", "got %+v", user), err
		}), places: reads("get")},
		{name: "Me", start: partooReads(func(ctx context.Context, c *partoo.Client) (string, error) {
			user, err := c.Me(ctx)
			return unless(user.Email == "key@partootest.example", "got %+v", user), err
		}), places: reads("get")},
		{name: "SearchUsers", start: partooReads(func(ctx context.Context, c *partoo.Client) (string, error) {
			users, err := collect(c.SearchUsers(ctx, partoo.SearchUsersParams{PerPage: new(int64(1))}))
			return unless(len(users) == 2 && users[1].ID == adaID, "found %+v", users), err
		}), places: reads("first page", "second page")},
		{name: "DeleteUser", start: partooStarts([]string{"Ada"}, func(ctx context.Context, c *partoo.Client) (string, error) {
			return "", c.DeleteUser(ctx, adaID)
		}), places: []place{{request: "delete", class: idempotent, before: "as asked", after: "none"}}},
		{name: "InviteUser", start: partooInvites, places: []place{
			{request: "invite", class: never, before: "mails to []", after: "mails to [ada@example.com]"},
		}},
	}
	return named("partoo", slices.Concat(operations, partooBulkOperations(), partooLongListOperations(), partooDoubtOperations()))
}

// partooStart returns a fake, with Ada by the first name given, and a client of it.
func partooStart(c connection, names ...string) (*partootest.Server, *partoo.Client) {
	server := partootest.NewServer()
	for _, name := range names {
		server.AddUser(partootest.User{ID: adaID, UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: name, LastName: "Lovelace", Role: partoo.RoleGroupManager}})
	}
	client, err := partoo.New(partootest.Key, c.to(server.Server, server.Options())...)
	require.NoError(c.t, err)
	return server, client
}

func partooState(users func() []partootest.User) func() string {
	looks := func(name string) func(partootest.User) bool {
		return func(user partootest.User) bool {
			return user.Email == "ada@example.com" && user.FirstName == name && user.LastName == "Lovelace" && user.Role == partoo.RoleGroupManager
		}
	}
	return func() string { return stateOf(users(), looks("Ada"), looks("Augusta")) }
}

type partooResult = upsert.Result[string]

func partooAda() partoo.UserInput {
	return partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleGroupManager}
}

func partooUpsert(names ...string) func(connection) subject {
	return func(c connection) subject {
		server, client := partooStart(c, names...)
		return partooSubject(c.t, server, client.UpsertUser)
	}
}

// partooSubject is about an upsert that asks for Ada.
func partooSubject(t *testing.T, server *partootest.Server, call func(context.Context, partoo.UserInput) (partooResult, error)) subject {
	return subject{
		server: server.Server,
		call: func(ctx context.Context) (string, error) {
			result, err := call(ctx, partooAda())
			if err != nil {
				return unless(result.ID == "", "an error with a result: %+v", result), err
			}
			user, _ := server.User("ada@example.com")
			known := result.Outcome == upsert.Created || result.Outcome == upsert.Updated || result.Outcome == upsert.Unchanged
			return unless(known && result.ID == user.ID, "result %+v of %+v", result, user), nil
		},
		state: partooState(apartFrom(t, server.Users, func(u partootest.User) string { return u.Email })),
	}
}

func partooStarts(names []string, call func(context.Context, *partoo.Client) (string, error)) func(connection) subject {
	return func(c connection) subject {
		server, client := partooStart(c, names...)
		return subject{
			server: server.Server,
			call:   func(ctx context.Context) (string, error) { return call(ctx, client) },
			state:  partooState(server.Users),
		}
	}
}

func partooCreates(ctx context.Context, c *partoo.Client) (string, error) {
	id, err := c.CreateUser(ctx, partoo.CreateUserRequest{
		Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: new(partoo.RoleGroupManager),
	})
	return unless(id != "", "no id"), err
}

func partooReads(call func(context.Context, *partoo.Client) (string, error)) func(connection) subject {
	return func(c connection) subject {
		server, client := partooStart(c, "Ada")
		return subject{
			server: server.Server,
			call:   func(ctx context.Context) (string, error) { return call(ctx, client) },
			state:  unchanged(c.t, server.Users),
		}
	}
}

func partooInvites(c connection) subject {
	server, client := partooStart(c, "Ada")
	return subject{
		server: server.Server,
		call:   func(ctx context.Context) (string, error) { return "", client.InviteUser(ctx, adaID) },
		state:  func() string { return fmt.Sprintf("mails to %v", server.Invitations()) },
	}
}
