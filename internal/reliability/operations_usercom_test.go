package reliability

import (
	"context"
	"fmt"
	"strings"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

type (
	usercomEntry     = entry[*usercom.Client, *usercomtest.Server]
	usercomSituation = situation[*usercomtest.Server]
)

var usercomProvider = provider[*usercom.Client, *usercomtest.Server]{
	name: "usercom",
	key:  usercomtest.Key,
	fake: func() (*usercomtest.Server, *resttest.Server, []rest.Option) {
		server := usercomtest.NewServer()
		return server, server.Server, server.Options()
	},
	client: func(key string, options ...rest.Option) (*usercom.Client, error) {
		return usercom.New("", key, options...)
	},
	entries: usercomEntries,
	read: func(server *usercomtest.Server) (c content) {
		for _, u := range server.Users() {
			summary := u.FirstName
			if len(u.Attributes) > 0 {
				summary += strings.TrimPrefix(fmt.Sprint(u.Attributes), "map")
			}
			if u.UserID != "4711" || u.Email != adaEmail {
				summary += ", other fields differ"
			}
			c.users = append(c.users, storedUser{idText(u.ID), u.Email, summary, u})
		}
		return c
	},
}

func usercomEntries() []usercomEntry {
	ada := usercom.UserInput{UserID: "4711", Email: adaEmail, FirstName: "Ada"}
	withPlan := ada
	withPlan.Attributes = map[string]any{"plan": "pro"}
	versionOne := everyField[usercom.UserInput]()
	versionOne.Tags = nil // of version 2
	const adaWithPlan = "Ada[plan:pro]"
	set := []request{{name: "set", class: idempotent, ignoresBody: true, after: adaWithPlan}}
	return []usercomEntry{
		{name: "UpsertUser", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, ada))
		}, situations: []usercomSituation{
			{name: "of a new user", requests: []request{{name: "upsert", class: idempotent, after: "Ada"}}},
			{name: "of an existing user", prepare: addContact("Augusta"), requests: []request{{name: "upsert", class: idempotent, after: "Ada"}}},
		}},
		{name: "UpsertUser with attributes", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, withPlan))
		}, situations: []usercomSituation{{requests: []request{
			{name: "upsert", class: idempotent, after: "Ada"},
			{name: "set", class: idempotent, ignoresBody: true, before: "Ada", after: adaWithPlan, returnsResult: true, executed: rest.ExecutedYes},
		}}}},
		{name: "UpsertUser with every field", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, versionOne))
		}, situations: []usercomSituation{{}}},
		{name: "UpsertUser in version 2", options: []rest.Option{usercom.WithVersion(2)}, call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, withPlan))
		}, situations: []usercomSituation{{requests: []request{{name: "upsert", class: idempotent, after: adaWithPlan}}}}},
		{name: "UpsertUser in version 2 with every field", options: []rest.Option{usercom.WithVersion(2)}, call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, everyField[usercom.UserInput]()))
		}, situations: []usercomSituation{{}}},
		{name: "Guard", method: "UpsertUser", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return upsertResult(c.Guard()(ctx, ada))
		}, situations: []usercomSituation{
			{name: "of an existing user", prepare: addContact("Augusta"), requests: []request{{name: "upsert", class: idempotent, after: "Ada"}}},
			{name: "of a new user"},
		}},
		{name: "SetAttribute", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return noResult(c.SetAttribute(ctx, 7, "plan", "pro"))
		}, situations: []usercomSituation{{prepare: addContact("Ada"), requests: set}}},
		{name: "SetAttributes", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return noResult(c.SetAttributes(ctx, 7, withPlan.Attributes))
		}, situations: []usercomSituation{{prepare: addContact("Ada"), requests: set}}},
		{name: "GetUser", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return usercomFound(c.GetUser(ctx, 7))
		}, situations: []usercomSituation{{prepare: addContact("Ada"), want: "7 " + adaEmail, requests: reads("get")}}},
		{name: "FindUserByEmail", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return usercomFound(c.FindUserByEmail(ctx, adaEmail))
		}, situations: []usercomSituation{{prepare: addContact("Ada"), want: "7 " + adaEmail, requests: reads("search")}}},
		{name: "UpdateUser", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return usercomFound(c.UpdateUser(ctx, 7, usercom.UpdateUserRequest{FirstName: new("Ada")}))
		}, situations: []usercomSituation{{prepare: addContact("Augusta"), requests: []request{{name: "update", class: idempotent, after: "Ada"}}}}},
		{name: "UpdateUser with every field", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return usercomFound(c.UpdateUser(ctx, 7, sample[usercom.UpdateUserRequest]("usercom", "updateUser")))
		}, situations: []usercomSituation{{prepare: addContact("Augusta")}}},
		{name: "DeleteUser", call: func(ctx context.Context, c *usercom.Client) (result, error) {
			return noResult(c.DeleteUser(ctx, 7))
		}, situations: []usercomSituation{{prepare: addContact("Ada"), requests: []request{{name: "delete", class: idempotent, ignoresBody: true, after: "no user"}}}}},
	}
}

func addContact(firstName string) func(*usercomtest.Server) {
	return func(s *usercomtest.Server) {
		s.AddUser(usercomtest.User{ID: 7, UserInput: usercom.UserInput{UserID: "4711", Email: adaEmail, FirstName: firstName}})
	}
}

func usercomFound(u usercom.User, err error) (result, error) {
	email := ""
	if u.Email != nil {
		email = *u.Email
	}
	return userResult(u.ID, email, err)
}
