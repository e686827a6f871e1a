package usercomtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// The first upsert fails on demand, the second one succeeds.
func Example() {
	server := usercomtest.NewServer()
	client, err := usercom.New("", usercomtest.Key, server.Options()...)
	if err != nil {
		log.Fatal(err)
	}
	server.Fail(resttest.Status(403).On("POST /api/public/users/update_or_create/"))
	for range 2 {
		_, err := client.UpsertUser(context.Background(), usercom.UserInput{UserID: "4711", FirstName: "Ada"})
		fmt.Println("forbidden:", errors.Is(err, rest.ErrForbidden))
	}
	user, ok := server.User("4711")
	fmt.Println(user.ID, user.FirstName, ok)
	// Output:
	// forbidden: true
	// forbidden: false
	// 1 Ada true
}
