package main

import (
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest/resttest"
)

// An email may move from one user to another within a file, in any order of the rows: those
// with an id are sent first.
func TestEmailMovesBetweenRows(t *testing.T) {
	const head, bob, ada = "id,email,name,heuristic,pricing_id", ",old@example.com,Bob,Average,1", "67,new@example.com,Ada,Average,1"
	for _, input := range []string{lines(head, bob, ada), lines(head, ada, bob)} {
		for _, workers := range []string{"1", "8"} {
			synctest.Test(t, func(t *testing.T) {
				server := identifaitest.NewServer()
				server.AddUser(identifai.UserInput{ID: new(int64(67)), Email: "old@example.com", Name: "Ada", Heuristic: "Average", PricingID: 1})
				b := newBench(t, input, "--provider", "identifai", "--workers", workers)
				got := b.at(identifaiProvider(), clientConfig{key: identifaitest.Key, options: server.Options()}, server.Server).upsert(t.Context())
				require.Equal(t, exitOK, got.status, got.out)
				moved, ok := server.User("new@example.com")
				require.True(t, ok)
				assert.Equal(t, "Ada", moved.Name)
				arrived, ok := server.User("old@example.com")
				require.True(t, ok)
				assert.Equal(t, "Bob", arrived.Name)
				assert.Len(t, server.Users(), 2)
			})
		}
	}
}

// While the row with the id has failed, no other row takes its user. After the failure is
// resolved, a resumed run sends both.
func TestEmailMovesAfterTheRowWithTheIDFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := identifaitest.NewServer()
		server.AddUser(identifai.UserInput{ID: new(int64(67)), Email: "old@example.com", Name: "Ada", Heuristic: "Average", PricingID: 1})
		server.Fail(resttest.Fault{Status: 422, Body: `{"message":"no"}`, Match: bodyWith("new@example.com")})
		journal := filepath.Join(t.TempDir(), "journal")
		input := lines("id,email,name,heuristic,pricing_id", ",old@example.com,Bob,Average,1", "67,new@example.com,Ada,Average,1")
		at := func(args ...string) *bench {
			args = append([]string{"--provider", "identifai", "--journal", journal}, args...)
			return newBench(t, input, args...).at(identifaiProvider(), clientConfig{key: identifaitest.Key, options: server.Options()}, server.Server, 422, 400)
		}
		got := at().upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, "2 failed, 0 not sent")
		user, _ := server.User("old@example.com")
		assert.Equal(t, "Ada", user.Name, "unchanged")

		got = at("--retry-failed").upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.out)
		assert.Len(t, server.Users(), 2)
	})
}
