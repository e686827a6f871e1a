package docs

import (
	"context"
	"errors"
	"log"
	"os"
	"slices"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
)

// These functions contain the Go code of README.md and docs/*.md, as
// TestCodeOfPagesIsTested checks. Their signatures supply what the code uses.

// account is a user of the service that the code is part of.
type account struct{ IdentifaiID *int64 }

// The pages show this code without the options.
func upsertIdentifai(ctx context.Context, user *account, options ...rest.Option) error {
	client, err := identifai.New(os.Getenv("IDENTIFAI_API_KEY"), options...)
	if err != nil {
		return err
	}
	result, err := client.UpsertUser(ctx, identifai.UserInput{
		ID:   user.IdentifaiID, // nil: create, else: update
		Name: "Ada Lovelace", Email: "ada@example.com",
		Heuristic: "Average", PricingID: 2,
	})
	if err != nil {
		return err
	}
	user.IdentifaiID = &result.ID
	return nil
}

func upsertPartoo(ctx context.Context, client *partoo.Client) (upsert.Result[string], error) {
	result, err := client.UpsertUser(ctx, partoo.UserInput{
		Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace",
		Role:     partoo.RoleGroupManager,
		Accesses: [][]int64{{1, 2}},
		OnCreate: partoo.OnCreate{SendInvitation: new(true)},
	})
	return result, err
}

func upsertUsercom(ctx context.Context, client *usercom.Client) (upsert.Result[int64], error) {
	result, err := client.UpsertUser(ctx, usercom.UserInput{
		UserID: "customer-42", Email: "ada@example.com", FirstName: "Ada",
		Attributes: map[string]any{"plan": "pro"},
	})
	return result, err
}

func upsertWithGuard(ctx context.Context, client *usercom.Client, users []usercom.UserInput) error {
	upsertUser := client.Guard() // instead of client.UpsertUser
	for item := range upsert.All(ctx, slices.Values(users), upsertUser) {
		if duplicate, ok := errors.AsType[*usercom.DuplicateError](item.Err); ok {
			return duplicate // delete one of the two ids, and try usercom.WithVersion(2)
		}
	}
	return nil
}

func logError(err error) {
	var e *rest.Error
	if errors.As(err, &e) {
		log.Println(e.StatusCode, e.Message, e.Fields, e.RetryAfter, e.Attempts, e.Executed)
	}
}

func upsertAll(ctx context.Context, client *partoo.Client, users []partoo.UserInput) error {
	bulk, err := client.Bulk(ctx, len(users)) // lists existing users once if that needs fewer requests
	if err != nil {
		return err
	}
	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser, upsert.WithKey(partoo.UserInput.Key)) {
		switch {
		case errors.Is(item.Err, upsert.ErrIncomplete):
			return item.Err // the last item: why and how many users were not sent
		case item.Err != nil:
			log.Printf("user %d: %v", item.Index, item.Err)
		}
	}
	return nil
}

func upsertAllWithJournal(ctx context.Context, client *partoo.Client, users []partoo.UserInput, fingerprint string) error {
	journal, err := upsert.OpenJournal("users.journal", upsert.JournalHeader{Provider: "partoo", Input: fingerprint})
	if err != nil {
		return err
	}
	bulk, err := client.Bulk(ctx, len(users)) // lists existing users once if that needs fewer requests
	if err != nil {
		return errors.Join(err, journal.Close())
	}
	var incomplete error
	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser, upsert.WithKey(partoo.UserInput.Key), upsert.WithJournal(journal)) {
		switch {
		case errors.Is(item.Err, upsert.ErrIncomplete):
			incomplete = item.Err // the last item: why and how many users were not sent
		case item.Err != nil:
			log.Printf("user %d: %v", item.Index, item.Err)
		}
	}
	return errors.Join(incomplete, journal.Close())
}

func newFake() (*partootest.Server, *partoo.Client, error) {
	server := partootest.NewServer()
	server.Fail(resttest.LostResponse().On("POST /v2/user")) // the create is executed, its response is lost
	client, err := partoo.New(partootest.Key, server.Options()...)
	return server, client, err
}
