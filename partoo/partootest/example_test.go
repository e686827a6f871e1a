package partootest_test

import (
	"context"
	"fmt"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
)

func Example() {
	server := partootest.NewServer()
	server.Fail(resttest.LostResponse().On("GET /v2/user/search"))
	client, err := partoo.New(partootest.Key, server.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	user := partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}
	result, err := client.UpsertUser(context.Background(), user)
	fmt.Println(result.Outcome, err, len(server.Users()))
	// Output: created <nil> 1
}
