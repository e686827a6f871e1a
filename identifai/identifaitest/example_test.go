package identifaitest_test

import (
	"context"
	"fmt"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest/resttest"
)

// The response to the create is lost. The client looks the user up and updates it;
// it exists once.
func Example() {
	server := identifaitest.NewServer()
	server.Fail(resttest.LostResponse().On("POST /api/partner/user"))
	client, err := identifai.New(identifaitest.Key, server.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	user := identifai.UserInput{Name: "Ada Lovelace", Email: "ada@example.com", Heuristic: "Average", PricingID: 2}
	result, err := client.UpsertUser(context.Background(), user)
	fmt.Println(result.Outcome, err, len(server.Users()))
	// Output: updated <nil> 1
}
