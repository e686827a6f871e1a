package reliability

import (
	"context"
	"fmt"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

type (
	identifaiEntry     = entry[*identifai.Client, *identifaitest.Server]
	identifaiSituation = situation[*identifaitest.Server]
)

var identifaiProvider = provider[*identifai.Client, *identifaitest.Server]{
	name: "identifai",
	key:  identifaitest.Key,
	fake: func() (*identifaitest.Server, *resttest.Server, []rest.Option) {
		server := identifaitest.NewServer()
		return server, server.Server, server.Options()
	},
	client:  identifai.New,
	entries: identifaiEntries,
	read: func(server *identifaitest.Server) (c content) {
		for _, u := range server.Users() {
			summary := u.Name
			if u.Heuristic != "Average" || u.PricingID != 2 {
				summary += ", other fields differ"
			}
			c.users = append(c.users, storedUser{idText(*u.ID), u.Email, summary, u})
		}
		c.emails = fmt.Sprint(server.EmailsSent())
		return c
	},
}

func identifaiEntries() []identifaiEntry {
	ada := identifai.UserInput{Name: "Ada", Email: adaEmail, Heuristic: "Average", PricingID: 2, Password: password}
	byID := ada
	byID.ID = new(int64(7))
	everything := everyField[identifai.UserInput]()
	everything.ID = byID.ID

	created := request{name: "create", class: nonIdempotent, after: "Ada", recovery: identifaiCreate}
	updated := request{name: "update", class: idempotent, after: "Ada"}
	listed := request{name: "list", method: "Bulk", class: read}
	bulkUpdated := updated
	bulkUpdated.recovery = identifaiBulkUpdate
	return []identifaiEntry{
		{name: "UpsertUser", sendsPassword: true, call: func(ctx context.Context, c *identifai.Client) (result, error) {
			return identifaiUpserted(c.UpsertUser(ctx, ada))
		}, situations: []identifaiSituation{
			{name: "of a new user", requests: []request{created}},
			{name: "of an existing email", prepare: addByron, requests: []request{
				{name: "create", class: conflicting, recovery: identifaiConflictingCreate},
				{name: "search", class: read, also: rest.ErrInvalid},
				updated,
			}},
			{name: "after a lost response", prepare: func(s *identifaitest.Server) { s.Fail(resttest.LostResponse().On("POST /api/partner/user")) }, requests: []request{
				{name: "create", covered: true},
				{name: "search", class: read, before: "Ada", executed: rest.ExecutedMaybe},
				{name: "update", class: idempotent, before: "Ada", executed: rest.ExecutedMaybe},
			}},
		}},
		{name: "UpsertUser by id", sendsPassword: true, call: func(ctx context.Context, c *identifai.Client) (result, error) {
			return identifaiUpserted(c.UpsertUser(ctx, byID))
		}, situations: []identifaiSituation{{prepare: addByron, requests: []request{updated}}}},
		{name: "UpsertUser with every field", sendsPassword: true, call: func(ctx context.Context, c *identifai.Client) (result, error) {
			return identifaiUpserted(c.UpsertUser(ctx, everything))
		}, situations: []identifaiSituation{{prepare: addByron}}},
		{name: "FindUserByEmail", call: func(ctx context.Context, c *identifai.Client) (result, error) {
			return identifaiFound(c.FindUserByEmail(ctx, "Ada@example.com"))
		}, situations: []identifaiSituation{{prepare: addAdaAndGrace, want: "7 Ada", requests: reads("search")}}},
		{name: "ListUsers", call: func(ctx context.Context, c *identifai.Client) (result, error) {
			return listResult(c.ListUsers(ctx, identifai.ListUsersParams{PerPage: new(int64(1))}), func(u identifai.User) int64 { return u.ID })
		}, situations: []identifaiSituation{{prepare: addAdaAndGrace, want: "7 8", requests: reads("first page", "second page")}}},
		{name: "Pricings", call: func(ctx context.Context, c *identifai.Client) (result, error) {
			return listResult(orError(c.Pricings(ctx)), func(p identifai.Pricing) int64 { return p.ID })
		}, situations: []identifaiSituation{{want: "1 2 3", requests: reads("list")}}},
		{name: "Credits", call: func(ctx context.Context, c *identifai.Client) (result, error) {
			credits, err := c.Credits(ctx)
			return result{text: idText(credits.AvailableCredits)}, err
		}, situations: []identifaiSituation{{want: "159", requests: reads("get")}}},
		{name: "SendCreationEmail", call: func(ctx context.Context, c *identifai.Client) (result, error) {
			return identifaiFound(c.SendCreationEmail(ctx, 7))
		}, situations: []identifaiSituation{{prepare: addAdaAndGrace, want: "7 Ada", requests: []request{
			{name: "send", class: nonIdempotent, after: "Ada, Grace, emails to [7]"},
		}}}},
		{name: "Bulk", call: func(ctx context.Context, c *identifai.Client) (result, error) {
			bulk, err := c.Bulk(ctx, listedUsers)
			return result{problem: unless(bulk != nil, "no Bulk")}, err
		}, situations: []identifaiSituation{{prepare: addAdaAndGrace, requests: reads("list")}}},
		{name: "Bulk.UpsertUser", sendsPassword: true, call: func(ctx context.Context, c *identifai.Client) (result, error) {
			bulk, err := c.Bulk(ctx, listedUsers)
			if err != nil {
				return result{}, err
			}
			return identifaiUpserted(bulk.UpsertUser(ctx, ada))
		}, situations: []identifaiSituation{
			{name: "of a new user", requests: []request{listed, created}},
			{name: "of a listed user", prepare: addByron, requests: []request{listed, bulkUpdated}},
			{name: "of a listed user, long list", prepare: func(s *identifaitest.Server) {
				for _, email := range otherEmails() {
					s.AddUser(identifai.UserInput{Name: "Other", Email: email, Heuristic: "Average", PricingID: 1})
				}
				addByron(s)
			}, requests: secondPage(updated)},
		}},
		{name: "Bulk.Preview", call: func(ctx context.Context, c *identifai.Client) (result, error) {
			bulk, err := c.Bulk(ctx, 1)
			if err != nil {
				return result{}, err
			}
			return previewResult(bulk.Preview(ctx, ada))
		}, situations: []identifaiSituation{{prepare: addAdaAndGrace, want: "updated 7", requests: reads("search")}}},
	}
}

// addByron adds Ada with another name and plan, and with the id 7 if it is the first user.
func addByron(s *identifaitest.Server) {
	var id *int64
	if len(s.Users()) == 0 {
		id = new(int64(7))
	}
	s.AddUser(identifai.UserInput{ID: id, Name: "Ada Byron", Email: adaEmail, Heuristic: "Average", PricingID: 1})
}

func addAdaAndGrace(s *identifaitest.Server) {
	s.AddUser(identifai.UserInput{ID: new(int64(7)), Name: "Ada", Email: adaEmail, Heuristic: "Average", PricingID: 2})
	s.AddUser(identifai.UserInput{ID: new(int64(8)), Name: "Grace", Email: "grace@example.com", Heuristic: "Average", PricingID: 2})
}

func identifaiUpserted(r identifai.UpsertResult, err error) (result, error) {
	got, err := upsertResult(r.Result, err)
	if r.User.ID != r.ID {
		got.problem = "the result and its user have different ids"
	}
	return got, err
}

func identifaiFound(u identifai.User, err error) (result, error) {
	return userResult(u.ID, u.Name, err)
}
