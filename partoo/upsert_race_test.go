package partoo_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// Both clients search before either creates: responses take a second.
func TestTwoClientsRaceForOneUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Fault{Delay: time.Second}.On(search).Repeat(2))
		inputs := []partoo.UserInput{ada(), ada()}
		inputs[1].LastName = "Byron"
		results, errs := make([]upsert.Result[string], 2), make([]error, 2)
		var wg sync.WaitGroup
		for i := range inputs {
			client := connect(t, server, nil)
			wg.Go(func() { results[i], errs[i] = client.UpsertUser(t.Context(), inputs[i]) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		assert.ElementsMatch(t, []upsert.Outcome{upsert.Created, upsert.Updated}, []upsert.Outcome{results[0].Outcome, results[1].Outcome})
		assert.Equal(t, results[0].ID, results[1].ID)
		assert.Len(t, server.Users(), 1)
		assert.Equal(t, 2, count(server, create))
		loser := 0
		if results[1].Outcome == upsert.Updated {
			loser = 1
		}
		user, _ := server.User("ada@example.com")
		assert.Equal(t, inputs[loser].LastName, user.LastName, "the later upsert wins")
	})
}

func TestManyClientsRaceOverLoopback(t *testing.T) {
	server := partootest.NewServer()
	server.Start()
	defer server.Close()
	outcomes := make(chan upsert.Outcome, 16)
	var wg sync.WaitGroup
	for range cap(outcomes) {
		client := connect(t, server, nil)
		wg.Go(func() {
			result, err := client.UpsertUser(t.Context(), ada())
			assert.NoError(t, err)
			outcomes <- result.Outcome
		})
	}
	wg.Wait()
	close(outcomes)
	tally := make(map[upsert.Outcome]int)
	for outcome := range outcomes {
		tally[outcome]++
	}
	assert.Equal(t, map[upsert.Outcome]int{upsert.Created: 1, upsert.Unchanged: 15}, tally)
	assert.Len(t, server.Users(), 1)
}

func TestUpsertOfAUserDeletedMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		server.AddUser(partootest.User{ID: "old", UserInput: partoo.UserInput{Email: "ada@example.com", FirstName: "Ida"}})
		server.Fail(resttest.Fault{Delay: time.Second}.On(search))
		go func() {
			assert.NoError(t, backoff.Sleep(t.Context(), time.Second/2))
			assert.NoError(t, connect(t, server, nil).DeleteUser(t.Context(), "old"))
		}()
		u := ada()
		u.OnCreate.SendInvitation = new(true)
		start := time.Now()
		result, err := client.UpsertUser(t.Context(), u)
		require.NoError(t, err)
		assert.Equal(t, time.Second, time.Since(start), "nothing to wait for")
		assert.Equal(t, upsert.Created, result.Outcome)
		assert.Equal(t, []string{search, "DELETE /v2/user/old", "POST /v2/user/old", search, create}, sent(server))
	})
}
