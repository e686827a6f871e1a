package reliability

import (
	"context"
	"testing"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

// identifaiBulkOperations are those of a Bulk, loading included.
func identifaiBulkOperations() []operation {
	list := place{request: "list", method: "Bulk", class: read}
	return []operation{
		{name: "Bulk", start: identifaiReads(func(ctx context.Context, c *identifai.Client) (string, error) {
			bulk, err := c.Bulk(ctx, crowdSize)
			return unless(bulk != nil, "no Bulk"), err
		}), places: reads("list")}, // of one page: those of Users are as many as there are
		{name: "Bulk.UpsertUser of a new user", method: "UpsertUser", start: identifaiBulk(), places: []place{
			list.between("none", "none"),
			{request: "create", class: once, before: "none", after: "as asked", recovery: identifaiCreate},
		}},
		{name: "Bulk.UpsertUser of a listed user", method: "UpsertUser", start: identifaiBulk(identifaiAdaBefore()), places: []place{
			list.between("as before", "as before"),
			{request: "update", class: idempotent, before: "as before", after: "as asked", recovery: identifaiBulkUpdate},
		}},
		{name: "Bulk.Preview", method: "Preview", start: identifaiReads(func(ctx context.Context, c *identifai.Client) (string, error) {
			bulk, err := c.Bulk(ctx, 1)
			if err != nil {
				return "", err
			}
			preview, err := bulk.Preview(ctx, identifaiAda())
			return unless(preview.ID == 7, "foresees %+v", preview), err
		}), places: reads("search")},
	}
}

func partooBulkOperations() []operation {
	list := place{request: "list", method: "Bulk", class: read}
	return []operation{
		{name: "Bulk", start: partooReads(func(ctx context.Context, c *partoo.Client) (string, error) {
			bulk, err := c.Bulk(ctx, crowdSize)
			return unless(bulk != nil, "no Bulk"), err
		}), places: reads("list")},
		{name: "Bulk.UpsertUser of a new user", method: "UpsertUser", start: partooBulk(), places: []place{
			list.between("none", "none"),
			{request: "create", class: once, before: "none", after: "as asked", recovery: partooCreate},
		}},
		{name: "Bulk.UpsertUser of a user who differs", method: "UpsertUser", start: partooBulk("Augusta"), places: []place{
			list.between("as before", "as before"),
			{request: "update", class: idempotent, before: "as before", after: "as asked", recovery: partooUpdate},
		}},
		{name: "Bulk.Preview", method: "Preview", start: partooReads(func(ctx context.Context, c *partoo.Client) (string, error) {
			bulk, err := c.Bulk(ctx, 1)
			if err != nil {
				return "", err
			}
			preview, err := bulk.Preview(ctx, partooAda())
			return unless(preview.ID == adaID, "foresees %+v", preview), err
		}), places: reads("search")},
	}
}

// between returns the place with the states of the fake.
func (p place) between(before, after string) place {
	p.before, p.after = before, after
	return p
}

// crowdSize is how many users a Bulk is to serve: enough for it to read the list.
const crowdSize = 120

func identifaiBulk(users ...identifai.UserInput) func(connection) subject {
	return func(c connection) subject {
		server, client := identifaiStart(c, users...)
		return identifaiSubject(c.t, server, func(ctx context.Context, asked identifai.UserInput) (identifai.UpsertResult, error) {
			bulk, err := client.Bulk(ctx, crowdSize)
			if err != nil {
				return identifai.UpsertResult{}, err
			}
			return bulk.UpsertUser(ctx, asked)
		}, identifaiAda())
	}
}

func partooBulk(names ...string) func(connection) subject {
	return func(c connection) subject {
		server, client := partooStart(c, names...)
		return partooBulkOf(c.t, server, client)
	}
}

func partooBulkOf(t *testing.T, server *partootest.Server, client *partoo.Client) subject {
	return partooSubject(t, server, func(ctx context.Context, u partoo.UserInput) (partooResult, error) {
		bulk, err := client.Bulk(ctx, crowdSize)
		if err != nil {
			return partooResult{}, err
		}
		return bulk.UpsertUser(ctx, u)
	})
}
