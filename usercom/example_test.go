package usercom_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// A service calls usercom.New("app", os.Getenv("USERCOM_API_KEY")). Here the client
// uses a fake.
func Example() {
	server := usercomtest.NewServer()
	client, err := usercom.New("", usercomtest.Key, server.Options()...)
	if err != nil {
		log.Fatal(err)
	}
	for _, city := range []string{"London", "Ockham"} {
		result, err := client.UpsertUser(context.Background(), usercom.UserInput{
			UserID: "4711",
			Email:  "ada@example.com",
			City:   city,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Outcome, result.ID)
	}
	// Output:
	// created 1
	// updated 1
}

// Custom attributes are set by the upsert, or by the id that it returned.
func ExampleClient_SetAttributes() {
	ctx := context.Background()
	server := usercomtest.NewServer()
	client, err := usercom.New("", usercomtest.Key, server.Options()...)
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.UpsertUser(ctx, usercom.UserInput{
		UserID:     "4711",
		Attributes: map[string]any{"plan": "pro"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.SetAttributes(ctx, result.ID, map[string]any{"plan": nil, "seats": 3}); err != nil {
		log.Fatal(err)
	}
	user, err := client.GetUser(ctx, result.ID)
	if err != nil {
		log.Fatal(err)
	}
	for _, attribute := range user.Attributes {
		fmt.Printf("%s %s\n", *attribute.NameStd, attribute.Value)
	}
	// Output:
	// plan null
	// seats 3
}

// The server uses version 2 of the API, the client version 1. The run ends after its
// first user.
func ExampleClient_Guard() {
	server := usercomtest.NewServer(usercomtest.WithDefaultVersion(2))
	client, err := usercom.New("", usercomtest.Key, server.Options()...)
	if err != nil {
		log.Fatal(err)
	}
	users := []usercom.UserInput{{UserID: "4711"}, {UserID: "4712"}, {UserID: "4713"}}
	for item := range upsert.All(context.Background(), slices.Values(users), client.Guard()) {
		var duplicate *usercom.DuplicateError
		if errors.As(item.Err, &duplicate) {
			fmt.Println("created twice:", duplicate.First, duplicate.Second)
		}
	}
	fmt.Println("users:", len(server.Users()))
	// Output:
	// created twice: 1 2
	// users: 2
}

func ExampleClient_FindUserByEmail() {
	server := usercomtest.NewServer()
	server.AddUser(usercomtest.User{UserInput: usercom.UserInput{Email: "ada@example.com"}})
	client, err := usercom.New("", usercomtest.Key, server.Options()...)
	if err != nil {
		log.Fatal(err)
	}
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		user, err := client.FindUserByEmail(context.Background(), email)
		switch {
		case errors.Is(err, rest.ErrNotFound):
			fmt.Println("no user")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(user.ID)
		}
	}
	// Output:
	// 1
	// no user
}

// Invalid input is rejected before a request is sent; the error names every field.
func ExampleUserInput_Validate() {
	err := usercom.UserInput{Email: "ada", PhoneNumber: "06 1234"}.Validate()
	if e, ok := errors.AsType[*rest.Error](err); ok {
		fmt.Println(e.Fields["user_id"], e.Fields["email"])
	}
	// Output:
	// [is required] [must be an e-mail address like ada@example.com]
}
