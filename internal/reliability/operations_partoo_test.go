package reliability

import (
	"context"
	"fmt"
	"time"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

type (
	partooEntry     = entry[*partoo.Client, *partootest.Server]
	partooSituation = situation[*partootest.Server]
)

const adaID = "5309c3a237bbc544ada00000"

var partooProvider = provider[*partoo.Client, *partootest.Server]{
	name: "partoo",
	key:  partootest.Key,
	fake: func() (*partootest.Server, *resttest.Server, []rest.Option) {
		server := partootest.NewServer()
		return server, server.Server, server.Options()
	},
	client:  partoo.New,
	entries: partooEntries,
	read: func(server *partootest.Server) (c content) {
		for _, u := range server.Users() {
			summary := u.FirstName
			if u.LastName != "Lovelace" || u.Role != partoo.RoleGroupManager {
				summary += ", other fields differ"
			}
			c.users = append(c.users, storedUser{u.ID, u.Email, summary, u})
		}
		c.emails = fmt.Sprint(server.Invitations())
		return c
	},
}

func partooEntries() []partooEntry {
	ada := partoo.UserInput{Email: adaEmail, FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleGroupManager}
	ada.OnCreate.Password = password
	businessManager := everyField[partoo.UserInput]()
	businessManager.Role = partoo.RoleBusinessManager
	groupManager := businessManager
	groupManager.Role = partoo.RoleGroupManager

	// An unknown role differs from the input, so it is sent.
	extra := map[string]int{"unknown enum values": 1}
	created := request{name: "create", class: nonIdempotent, after: "Ada", recovery: partooCreate, recoveryDelay: partooSearchDelay}
	updated := request{name: "update", class: idempotent, after: "Ada", recovery: partooUpdate}
	search, listed := request{name: "search", class: read}, request{name: "list", method: "Bulk", class: read}
	fault := func(f resttest.Fault) func(*partootest.Server) {
		return func(s *partootest.Server) { s.Fail(f.On("POST /v2/user")) }
	}
	return []partooEntry{
		{name: "UpsertUser", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, ada))
		}, situations: []partooSituation{
			{name: "of a new user", requests: []request{search, created}},
			{name: "of a user that differs", prepare: addUser("Augusta"), requests: []request{search, updated}},
			{name: "of a user that matches", prepare: addUser("Ada"), requests: []request{{name: "search", class: read, extra: extra}}},
			{name: "after a lost response", prepare: fault(resttest.LostResponse()), requests: []request{
				{name: "search", covered: true},
				{name: "create", covered: true},
				{name: "second search", class: read, before: "Ada", executed: rest.ExecutedMaybe, extra: extra, waited: partooSearchDelay},
			}},
			{name: "after a reset", prepare: fault(resttest.Reset()), requests: []request{
				{name: "search", covered: true},
				{name: "create", covered: true},
				{name: "second search", class: read, executed: rest.ExecutedMaybe, waited: partooSearchDelay},
				{name: "second create", class: nonIdempotent, after: "Ada", executed: rest.ExecutedMaybe, recovery: partooCreate, recoveryDelay: partooSearchDelay, waited: partooSearchDelay + firstWait},
			}},
		}},
		{name: "UpsertUser with every field", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, businessManager))
		}, situations: []partooSituation{{}, {name: "of an existing user", prepare: addKing}}},
		{name: "UpsertUser with every field of a group manager", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return upsertResult(c.UpsertUser(ctx, groupManager))
		}, situations: []partooSituation{{prepare: addKing}}},
		{name: "CreateUser", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			id, err := c.CreateUser(ctx, partoo.CreateUserRequest{
				Email: adaEmail, FirstName: "Ada", LastName: "Lovelace", Role: new(partoo.RoleGroupManager), Password: &ada.OnCreate.Password,
			})
			return userResult(id, "", err)
		}, situations: []partooSituation{{requests: []request{{name: "create", class: nonIdempotent, after: "Ada"}}}}},
		{name: "CreateUser with every field", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			id, err := c.CreateUser(ctx, sample[partoo.CreateUserRequest]("partoo", "createUser"))
			return userResult(id, "", err)
		}, situations: []partooSituation{{}}},
		{name: "UpdateUser", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return noResult(c.UpdateUser(ctx, adaID, partoo.UpdateUserRequest{FirstName: new("Ada"), Password: &ada.OnCreate.Password}))
		}, situations: []partooSituation{{prepare: addUser("Augusta"), requests: []request{{name: "update", class: idempotent, after: "Ada"}}}}},
		{name: "UpdateUser with every field", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return noResult(c.UpdateUser(ctx, adaID, sample[partoo.UpdateUserRequest]("partoo", "updateUser")))
		}, situations: []partooSituation{{prepare: addUser("Augusta")}}},
		{name: "GetUser", call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return partooFound(c.GetUser(ctx, adaID))
		}, situations: []partooSituation{{prepare: addUser("Ada"), want: adaID + " " + adaEmail, requests: reads("get")}}},
		{name: "Me", call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return partooFound(c.Me(ctx))
		}, situations: []partooSituation{{want: keyOwner + " key@partootest.example", requests: reads("get")}}},
		{name: "SearchUsers", call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return listResult(c.SearchUsers(ctx, partoo.SearchUsersParams{PerPage: new(int64(1))}), func(u partoo.User) string { return u.ID })
		}, situations: []partooSituation{{prepare: addUser("Ada"), want: keyOwner + " " + adaID, requests: reads("first page", "second page")}}},
		{name: "DeleteUser", call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return noResult(c.DeleteUser(ctx, adaID))
		}, situations: []partooSituation{{prepare: addUser("Ada"), requests: []request{{name: "delete", class: idempotent, after: "no user"}}}}},
		{name: "InviteUser", call: func(ctx context.Context, c *partoo.Client) (result, error) {
			return noResult(c.InviteUser(ctx, adaID))
		}, situations: []partooSituation{{prepare: addUser("Ada"), requests: []request{{name: "invite", class: neverRetried, after: "Ada, emails to [" + adaEmail + "]"}}}}},
		{name: "Bulk", call: func(ctx context.Context, c *partoo.Client) (result, error) {
			bulk, err := c.Bulk(ctx, listedUsers)
			return result{problem: unless(bulk != nil, "no Bulk")}, err
		}, situations: []partooSituation{{prepare: addUser("Ada"), requests: reads("list")}}},
		{name: "Bulk.UpsertUser", sendsPassword: true, call: func(ctx context.Context, c *partoo.Client) (result, error) {
			bulk, err := c.Bulk(ctx, listedUsers)
			if err != nil {
				return result{}, err
			}
			return upsertResult(bulk.UpsertUser(ctx, ada))
		}, situations: []partooSituation{
			{name: "of a new user", requests: []request{listed, created}},
			{name: "of a user that differs", prepare: addUser("Augusta"), requests: []request{listed, updated}},
			{name: "of a user that differs, long list", prepare: func(s *partootest.Server) {
				addUser("Augusta")(s)
				for _, email := range otherEmails() {
					s.AddUser(partootest.User{UserInput: partoo.UserInput{Email: email, FirstName: "Other", LastName: "User", Role: partoo.RolePublisher}})
				}
			}, requests: secondPage(updated)},
		}},
		{name: "Bulk.Preview", call: func(ctx context.Context, c *partoo.Client) (result, error) {
			bulk, err := c.Bulk(ctx, 1)
			if err != nil {
				return result{}, err
			}
			return previewResult(bulk.Preview(ctx, ada))
		}, situations: []partooSituation{{prepare: addUser("Augusta"), want: "updated " + adaID, requests: reads("search")}}},
	}
}

// partooSearchDelay is the wait before the search after a create with unknown outcome.
const partooSearchDelay = 5 * time.Second

// keyOwner is the id of the user of the fake's API key.
const keyOwner = "5309c3a237bbc54400000000"

func addUser(firstName string) func(*partootest.Server) {
	return func(s *partootest.Server) {
		s.AddUser(partootest.User{ID: adaID, UserInput: partoo.UserInput{Email: adaEmail, FirstName: firstName, LastName: "Lovelace", Role: partoo.RoleGroupManager}})
	}
}

// addKing adds Ada with another first and last name.
func addKing(s *partootest.Server) {
	s.AddUser(partootest.User{ID: adaID, UserInput: partoo.UserInput{Email: adaEmail, FirstName: "Augusta", LastName: "King", Role: partoo.RolePublisher}})
}

func partooFound(u partoo.User, err error) (result, error) { return userResult(u.ID, u.Email, err) }
