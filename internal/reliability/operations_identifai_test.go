package reliability

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

func identifaiOperations() []operation {
	operations := []operation{
		{name: "UpsertUser of a new user", method: "UpsertUser", start: identifaiUpsert(nil), places: []place{
			{request: "create", class: once, before: "none", after: "as asked", recovery: identifaiCreate},
		}},
		{name: "UpsertUser by id", method: "UpsertUser", start: identifaiUpsert(new(int64(7))), places: []place{
			{request: "update", class: idempotent, before: "as before", after: "as asked"},
		}},
		{name: "UpsertUser of a taken address", method: "UpsertUser", start: identifaiTaken, places: []place{
			{request: "create", class: taken, before: "as before", after: "as before", recovery: identifaiTakenCreate},
			{request: "search", class: read, before: "as before", after: "as before", also: rest.ErrInvalid},
			{request: "update", class: idempotent, before: "as before", after: "as asked"},
		}},
		{name: "FindUserByEmail", start: identifaiReads(func(ctx context.Context, c *identifai.Client) (string, error) {
			user, err := c.FindUserByEmail(ctx, "Ada@example.com")
			return unless(user.ID == 7 && user.Name == "Ada", "found %+v", user), err
		}), places: reads("search")},
		{name: "Users", start: identifaiReads(func(ctx context.Context, c *identifai.Client) (string, error) {
			users, err := collect(c.Users(ctx, identifai.ListUsersParams{PerPage: new(int64(1))}))
			return unless(len(users) == 2 && users[0].ID == 7 && users[1].ID == 8, "listed %+v", users), err
		}), places: reads("first page", "second page")},
		{name: "Pricings", start: identifaiReads(func(ctx context.Context, c *identifai.Client) (string, error) {
			pricings, err := c.Pricings(ctx)
			return unless(len(pricings) == 3 && pricings[2].ID == 3, "listed %+v", pricings), err
		}), places: reads("list")},
		{name: "Credits", start: identifaiReads(func(ctx context.Context, c *identifai.Client) (string, error) {
			credits, err := c.Credits(ctx)
			return unless(credits.AvailableCredits > 0, "got %+v", credits), err
		}), places: reads("get")},
		{name: "SendCreationEmail", start: identifaiMail, places: []place{
			{request: "send", class: once, before: "mails to []", after: "mails to [7]"},
		}},
	}
	return named("identifai", slices.Concat(operations, identifaiBulkOperations(), identifaiLongListOperations(), identifaiDoubtOperations()))
}

// named fills in what is the same everywhere.
func named(provider string, operations []operation) []operation {
	for i := range operations {
		operations[i].provider = provider
		if operations[i].method == "" {
			operations[i].method = operations[i].name
		}
	}
	return operations
}

// reads are the places of an operation that only reads.
func reads(requests ...string) []place {
	var places []place
	for _, request := range requests {
		places = append(places, place{request: request, class: read, before: "unchanged", after: "unchanged"})
	}
	return places
}

func identifaiAda() identifai.UserInput {
	return identifai.UserInput{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 2}
}

// identifaiStart returns a fake with the users, numbered from 7, and a client of it.
func identifaiStart(c connection, users ...identifai.UserInput) (*identifaitest.Server, *identifai.Client) {
	server := identifaitest.NewServer()
	for i, user := range users {
		user.ID = new(int64(7 + i))
		server.AddUser(user)
	}
	client, err := identifai.New(identifaitest.Key, c.to(server.Server, server.Options())...)
	require.NoError(c.t, err)
	return server, client
}

// identifaiUpsert upserts with an id, whose user exists, or without one.
func identifaiUpsert(id *int64) func(connection) subject {
	return func(c connection) subject {
		if id == nil {
			server, client := identifaiStart(c)
			return identifaiSubject(c.t, server, client.UpsertUser, identifaiAda())
		}
		asked := identifaiAda()
		asked.ID = id
		server, client := identifaiStart(c, identifaiAdaBefore())
		return identifaiSubject(c.t, server, client.UpsertUser, asked)
	}
}

// identifaiTaken upserts without an id what has one.
func identifaiTaken(c connection) subject {
	server, client := identifaiStart(c, identifaiAdaBefore())
	return identifaiSubject(c.t, server, client.UpsertUser, identifaiAda())
}

func identifaiAdaBefore() identifai.UserInput {
	before := identifaiAda()
	before.Name, before.PricingID = "Ada Byron", 1
	return before
}

// identifaiSubject is about an upsert that asks for Ada.
func identifaiSubject(t *testing.T, server *identifaitest.Server, call func(context.Context, identifai.UserInput) (identifai.UpsertResult, error), asked identifai.UserInput) subject {
	looks := func(want identifai.UserInput) func(identifai.UserInput) bool {
		return func(user identifai.UserInput) bool {
			return user.Name == want.Name && user.Email == want.Email && user.Heuristic == want.Heuristic && user.PricingID == want.PricingID
		}
	}
	users := apartFrom(t, server.Users, func(u identifai.UserInput) string { return u.Email })
	return subject{
		server: server.Server,
		call: func(ctx context.Context) (string, error) {
			result, err := call(ctx, asked)
			if err != nil {
				return unless(result.ID == 0, "an error with a result: %+v", result), err
			}
			user, _ := server.User(asked.Email)
			ok := user.ID != nil && result.ID == *user.ID && (result.Outcome == upsert.Created || result.Outcome == upsert.Updated)
			return unless(ok, "result %+v of %+v", result, user), nil
		},
		state: func() string { return stateOf(users(), looks(asked), looks(identifaiAdaBefore())) },
	}
}

func identifaiReads(call func(context.Context, *identifai.Client) (string, error)) func(connection) subject {
	return func(c connection) subject {
		grace := identifaiAda()
		grace.Name, grace.Email = "Grace", "grace@example.com"
		server, client := identifaiStart(c, identifaiAda(), grace)
		return subject{
			server: server.Server,
			call:   func(ctx context.Context) (string, error) { return call(ctx, client) },
			state:  unchanged(c.t, server.Users),
		}
	}
}

func identifaiMail(c connection) subject {
	server, client := identifaiStart(c, identifaiAda())
	return subject{
		server: server.Server,
		call: func(ctx context.Context) (string, error) {
			user, err := client.SendCreationEmail(ctx, 7)
			return unless(user.ID == 7, "got %+v", user), err
		},
		state: func() string { return fmt.Sprintf("mails to %v", server.EmailsSent()) },
	}
}
