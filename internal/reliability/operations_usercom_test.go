package reliability

import (
	"context"
	"maps"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// withResult is what comes with the error when attributes are all that is missing.
const withResult = "with the result of the upsert"

func usercomOperations() []operation {
	plan := map[string]any{"plan": "pro"}
	setting := []place{{request: "set", class: idempotent, unread: true, before: "as before", after: "as asked"}}
	return named("usercom", []operation{
		{name: "UpsertUser of a new user", method: "UpsertUser", start: usercomUpsert(nil), places: []place{
			{request: "upsert", class: idempotent, before: "none", after: "as asked"},
		}},
		{name: "UpsertUser of a known user", method: "UpsertUser", start: usercomUpsert(nil, "Augusta"), places: []place{
			{request: "upsert", class: idempotent, before: "as before", after: "as asked"},
		}},
		{name: "UpsertUser with attributes", method: "UpsertUser", start: usercomUpsert(plan), places: []place{
			{request: "upsert", class: idempotent, before: "none", after: "as before"},
			{request: "set", class: idempotent, unread: true, before: "as before", after: "as asked", result: withResult, doubt: rest.ExecutedYes},
		}},
		{name: "SetAttribute", start: usercomStarts(plan, func(ctx context.Context, c *usercom.Client) (string, error) {
			return "", c.SetAttribute(ctx, 7, "plan", "pro")
		}), places: setting},
		{name: "SetAttributes", start: usercomStarts(plan, func(ctx context.Context, c *usercom.Client) (string, error) {
			return "", c.SetAttributes(ctx, 7, plan)
		}), places: setting},
		{name: "GetUser", start: usercomReads(func(ctx context.Context, c *usercom.Client) (string, error) {
			user, err := c.GetUser(ctx, 7)
			return unless(user.ID == 7 && *user.Email == "ada@example.com", "got %+v", user), err
		}), places: reads("get")},
		{name: "FindUserByEmail", start: usercomReads(func(ctx context.Context, c *usercom.Client) (string, error) {
			user, err := c.FindUserByEmail(ctx, "ada@example.com")
			return unless(user.ID == 7, "found %+v", user), err
		}), places: reads("search")},
		{name: "UpdateUser", start: usercomUpdates, places: []place{
			{request: "update", class: idempotent, before: "as before", after: "as asked"},
		}},
		{name: "DeleteUser", start: usercomDeletes, places: []place{
			{request: "delete", class: idempotent, unread: true, before: "as asked", after: "none"},
		}},
	})
}

// usercomStart returns a fake, with Ada by the first name given, and a client of it.
func usercomStart(c connection, names ...string) (*usercomtest.Server, *usercom.Client) {
	server := usercomtest.NewServer()
	for _, name := range names {
		server.AddUser(usercomtest.User{ID: 7, UserInput: usercom.UserInput{UserID: "4711", Email: "ada@example.com", FirstName: name}})
	}
	client, err := usercom.New("", usercomtest.Key, c.to(server.Server, server.Options())...)
	require.NoError(c.t, err)
	return server, client
}

// usercomSubject is about Ada with these attributes; before, she has another name
// or lacks them.
func usercomSubject(server *usercomtest.Server, attributes map[string]any, call func(context.Context) (string, error)) subject {
	asked := func(user usercomtest.User) bool {
		return user.UserID == "4711" && user.Email == "ada@example.com" && user.FirstName == "Ada" && maps.Equal(user.Attributes, attributes)
	}
	before := func(user usercomtest.User) bool {
		return user.UserID == "4711" && user.Email == "ada@example.com" && len(user.Attributes) == 0
	}
	return subject{server: server.Server, call: call, state: func() string { return stateOf(server.Users(), asked, before) }}
}

func usercomUpsert(attributes map[string]any, names ...string) func(connection) subject {
	return func(c connection) subject {
		server, client := usercomStart(c, names...)
		return usercomSubject(server, attributes, func(ctx context.Context) (string, error) {
			result, err := client.UpsertUser(ctx, usercom.UserInput{
				UserID: "4711", Email: "ada@example.com", FirstName: "Ada", Attributes: attributes,
			})
			user, _ := server.User("4711")
			if err != nil && result.ID == user.ID && user.ID != 0 {
				return withResult, err
			}
			if err != nil {
				return unless(result.ID == 0, "an error with result %+v", result), err
			}
			ok := result.ID == user.ID && (result.Outcome == upsert.Created || result.Outcome == upsert.Updated)
			return unless(ok, "result %+v of %+v", result, user), nil
		})
	}
}

func usercomStarts(attributes map[string]any, call func(context.Context, *usercom.Client) (string, error)) func(connection) subject {
	return func(c connection) subject {
		server, client := usercomStart(c, "Ada")
		return usercomSubject(server, attributes, func(ctx context.Context) (string, error) { return call(ctx, client) })
	}
}

func usercomReads(call func(context.Context, *usercom.Client) (string, error)) func(connection) subject {
	return func(c connection) subject {
		server, client := usercomStart(c, "Ada")
		return subject{
			server: server.Server,
			call:   func(ctx context.Context) (string, error) { return call(ctx, client) },
			state:  unchanged(c.t, server.Users),
		}
	}
}

func usercomUpdates(c connection) subject {
	server, client := usercomStart(c, "Augusta")
	return usercomSubject(server, nil, func(ctx context.Context) (string, error) {
		user, err := client.UpdateUser(ctx, 7, usercom.UpdateUserRequest{FirstName: new("Ada")})
		return unless(user.ID == 7, "got %+v", user), err
	})
}

func usercomDeletes(c connection) subject {
	server, client := usercomStart(c, "Ada")
	return usercomSubject(server, nil, func(ctx context.Context) (string, error) {
		return "", client.DeleteUser(ctx, 7)
	})
}
