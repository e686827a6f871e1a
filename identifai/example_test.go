package identifai_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// newExample returns a client of a fake. A service calls
// identifai.New(os.Getenv("IDENTIFAI_API_KEY")) instead.
func newExample() *identifai.Client {
	client, err := identifai.New(identifaitest.Key, identifaitest.NewServer().Options()...)
	if err != nil {
		panic(err)
	}
	return client
}

func ExampleClient_UpsertUser() {
	client, ctx := newExample(), context.Background()
	user := identifai.UserInput{Name: "Ada Lovelace", Email: "ada@example.com", Heuristic: "Average", PricingID: 2}

	result, err := client.UpsertUser(ctx, user)
	fmt.Println(result.ID, result.Outcome, err)

	user.ID = &result.ID // stored with the user, so that the next upsert updates
	user.Name = "Ada King"
	result, err = client.UpsertUser(ctx, user)
	fmt.Println(result.ID, result.Outcome, result.User.Name, err)
	// Output:
	// 1 created <nil>
	// 1 updated Ada King <nil>
}

func ExampleClient_UpsertUser_invalid() {
	_, err := newExample().UpsertUser(context.Background(), identifai.UserInput{Name: "Ada", Email: "ada", PricingID: 2})
	var e *rest.Error
	if errors.As(err, &e) {
		fmt.Println(e.Fields["email"], e.Fields["heuristic"], e.Executed)
	}
	// Output: [must be an e-mail address like ada@example.com] [is required] no
}

func ExampleClient_FindUserByEmail() {
	_, err := newExample().FindUserByEmail(context.Background(), "unknown@example.com")
	fmt.Println(errors.Is(err, rest.ErrNotFound))
	// Output: true
}

func ExampleClient_ListUsers() {
	client, ctx := newExample(), context.Background()
	for _, name := range []string{"Ada", "Grace"} {
		_, err := client.UpsertUser(ctx, identifai.UserInput{Name: name, Email: name + "@example.com", Heuristic: "Average", PricingID: 1})
		if err != nil {
			fmt.Println(err)
		}
	}
	for user, err := range client.ListUsers(ctx, identifai.ListUsersParams{}) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(user.ID, user.Name)
	}
	// Output:
	// 1 Ada
	// 2 Grace
}

// Two nightly runs over all users of a service; most have not changed.
func ExampleClient_Bulk() {
	client, ctx := newExample(), context.Background()
	users := []identifai.UserInput{
		{Name: "Ada Lovelace", Email: "ada@example.com", Heuristic: "Average", PricingID: 2},
		{Name: "Grace Murray", Email: "grace@example.com", Heuristic: "Average", PricingID: 2},
	}
	for night := range 2 {
		bulk, err := client.Bulk(ctx, len(users))
		if err != nil {
			fmt.Println(err)
			return
		}
		for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser) {
			fmt.Println(night, item.User.Name, item.Result.Outcome, item.Err)
		}
		users[1].Name = "Grace Hopper"
	}
	// Unordered output:
	// 0 Ada Lovelace created <nil>
	// 0 Grace Murray created <nil>
	// 1 Ada Lovelace unchanged <nil>
	// 1 Grace Hopper updated <nil>
}
