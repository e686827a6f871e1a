package partoo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

func Example() {
	server := partootest.NewServer() // instead of Partoo
	client, err := partoo.New(partootest.Key, server.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	user := partoo.UserInput{
		Email:       "ada@example.com",
		FirstName:   "Ada",
		LastName:    "Lovelace",
		Role:        partoo.RoleBusinessManager,
		BusinessIDs: []string{"5a1b2c3d4e5f60718293a4b5"},
	}
	for range 2 {
		result, err := client.UpsertUser(context.Background(), user)
		fmt.Println(result.Outcome, err)
	}
	user.LastName = "King"
	result, err := client.UpsertUser(context.Background(), user)
	fmt.Println(result.Outcome, err)
	// Output:
	// created <nil>
	// unchanged <nil>
	// updated <nil>
}

func ExampleClient_UpsertUser_errors() {
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, server.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.UpsertUser(context.Background(), partoo.UserInput{Email: "ada", FirstName: "Ada", LastName: "Lovelace"})
	var e *rest.Error
	if errors.As(err, &e) && errors.Is(err, rest.ErrInvalid) {
		fmt.Println(e.Fields["email"][0])
	}
	// Output: must be an e-mail address like ada@example.com
}

// A user who will be invited later.
func ExampleClient_InviteUser() {
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, server.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.UpsertUser(context.Background(), partoo.UserInput{
		Email:     "ada@example.com",
		FirstName: "Ada",
		LastName:  "Lovelace",
		OnCreate:  partoo.OnCreate{Status: partoo.UserStatusInvited},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.InviteUser(context.Background(), result.ID), server.Invitations())
	// Output: <nil> [ada@example.com]
}

func ExampleClient_SearchUsers() {
	server := partootest.NewServer()
	server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "ada@example.com", Role: partoo.RolePublisher}})
	server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "grace@example.com", Role: partoo.RolePublisher}})
	client, err := partoo.New(partootest.Key, server.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	publishers := partoo.SearchUsersParams{Role: new([]partoo.Role{partoo.RolePublisher})}
	for user, err := range client.SearchUsers(context.Background(), publishers) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Email)
	}
	// Output:
	// ada@example.com
	// grace@example.com
}

// All users of a service; most have not changed.
func ExampleClient_Bulk() {
	server, ctx := partootest.NewServer(), context.Background()
	server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}})
	server.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "grace@example.com", FirstName: "Grace", LastName: "Murray"}})
	client, err := partoo.New(partootest.Key, server.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	users := []partoo.UserInput{
		{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"},
		{Email: "grace@example.com", FirstName: "Grace", LastName: "Hopper"},
		{Email: "mary@example.com", FirstName: "Mary", LastName: "Somerville"},
	}
	bulk, err := client.Bulk(ctx, len(users))
	if err != nil {
		fmt.Println(err)
		return
	}
	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser) {
		fmt.Println(item.User.FirstName, item.Result.Outcome, item.Err)
	}
	fmt.Println(len(server.Requests()), "requests: a list, an update and a create")
	// Unordered output:
	// Ada unchanged <nil>
	// Grace updated <nil>
	// Mary created <nil>
	// 3 requests: a list, an update and a create
}
