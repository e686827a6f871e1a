package rest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// printer is an observer that prints the end of each attempt and operation.
type printer struct{}

func (printer) Observe(_ context.Context, e rest.Event) context.Context {
	switch e.Kind {
	case rest.AttemptEnded:
		fmt.Println("  attempt", e.Attempt, e.Method, e.Template, e.StatusCode)
	case rest.OperationEnded:
		fmt.Println(e.Provider, e.Operation, e.Outcome, e.Class)
	}
	return nil
}

func ExampleWithObserver() {
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithObserver(printer{}))...)
	if err != nil {
		log.Fatal(err)
	}
	u := partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleOrgAdmin}
	if _, err := client.UpsertUser(context.Background(), u); err != nil {
		log.Fatal(err)
	}
	// Output:
	//   attempt 1 GET /v2/user/search 200
	//   attempt 1 POST /v2/user 200
	// partoo UpsertUser created
}

func ExampleError() {
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, server.Options()...)
	if err != nil {
		log.Fatal(err)
	}
	server.Fail(resttest.Status(403))
	_, err = client.Me(context.Background())
	var e *rest.Error
	if errors.As(err, &e) && errors.Is(err, rest.ErrForbidden) {
		fmt.Println(e.Provider, e.Operation, e.StatusCode, e.Message, e.Attempts, e.Executed)
	}
	// Output: partoo Me 403 Forbidden 1 no
}
