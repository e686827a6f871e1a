package main

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// A dry run prints what a run would change, and writes nothing.
func TestDryRun(t *testing.T) {
	const input = `user_id,email,first_name,last_name,name,heuristic,pricing_id
1,ada@example.com,Ada,Lovelace,Ada,Average,1
2,bea@example.com,Bea,Brown,Bea,Average,1
3,cy@example.com,Cy,Clark,Cy,Average,1
`
	synctest.Test(t, func(t *testing.T) {
		ours, theirs, usercom := identifaitest.NewServer(), partootest.NewServer(), usercomtest.NewServer()
		ours.AddUser(identifai.UserInput{ID: new(int64(7)), Email: "BEA@example.com", Name: "Beatrix", Heuristic: "Average", PricingID: 1})
		ours.AddUser(identifai.UserInput{ID: new(int64(8)), Email: "cy@example.com", Name: "Cy", Heuristic: "Average", PricingID: 1})
		theirs.AddUser(partootest.User{ID: "b", UserInput: partoo.UserInput{Email: "BEA@example.com", FirstName: "Beatrix", LastName: "Brown"}})
		theirs.AddUser(partootest.User{ID: "c", UserInput: partoo.UserInput{Email: "cy@example.com", FirstName: "Cy", LastName: "Clark"}})
		b := newBench(t, input, "--provider", three, "--dry-run").atPartoo(theirs)
		b.at(identifaiProvider(), clientConfig{key: identifaitest.Key, options: ours.Options()}, ours.Server)
		b.at(usercomProvider(), clientConfig{key: usercomtest.Key, options: usercom.Options()}, usercom.Server)
		got := b.upsert(t.Context()).ordered()
		assert.Equal(t, output{exitOK, lines(
			`             first_name: "Beatrix" → "Bea"`,
			`             name: "Beatrix" → "Bea"`,
			"identifai  line 2  to create  -  ada@example.com",
			"identifai  line 3  to update  7  bea@example.com",
			"identifai  line 4  unchanged  8  cy@example.com",
			"partoo     line 2  to create  -  ada@example.com",
			"partoo     line 3  to update  b  bea@example.com",
			"partoo     line 4  unchanged  c  cy@example.com",
			"usercom    line 2  valid      -  ada@example.com",
			"usercom    line 3  valid      -  bea@example.com",
			"usercom    line 4  valid      -  cy@example.com",
			"",
			"partoo     1 to create, 1 to update, 1 unchanged, 0 failed, 0 not sent; 429 responses: 0",
			"identifai  1 to create, 1 to update, 1 unchanged, 0 failed, 0 not sent; 429 responses: 0",
			"usercom    3 valid, 0 to create, 0 to update, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0",
		), ""}, got)
		assert.Len(t, ours.Users(), 2)
		assert.Len(t, theirs.Users(), 2)
		assert.Empty(t, usercom.Requests())
	})
}

func TestDryRunJSONHasChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.AddUser(partootest.User{ID: "a", UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Augusta", LastName: "Lovelace"}})
		b := newBench(t, oneUser, "--provider", "partoo", "--dry-run", "--json").atPartoo(server)
		got := b.upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.err)
		assert.Contains(t, got.out, `"outcome":"updated","dry_run":true,"changes":[{"field":"first_name","old":"Augusta","new":"Ada"}]}`+"\n")
	})
}
