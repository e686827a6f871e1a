package main

import (
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
)

// An email may move from one user to another within a file, in any order of the rows.
func TestEmailMovesBetweenRows(t *testing.T) {
	const head, bob, ada = "id,email,name,heuristic,pricing_id", ",old@example.com,Bob,Average,1", "67,new@example.com,Ada,Average,1"
	for _, input := range []string{lines(head, bob, ada), lines(head, ada, bob)} {
		for _, workers := range []string{"1", "8"} {
			synctest.Test(t, func(t *testing.T) {
				server := identifaitest.NewServer()
				server.AddUser(identifai.UserInput{ID: new(int64(67)), Email: "old@example.com", Name: "Ada", Heuristic: "Average", PricingID: 1})
				journal := filepath.Join(t.TempDir(), "journal")
				args := []string{"--provider", "identifai", "--workers", workers, "--journal", journal}
				at := func(args ...string) *bench {
					return newBench(t, input, args...).at(identifaiTable(), clientConfig{key: identifaitest.Key, options: server.Options()}, server.Server)
				}
				got := at(args...).upsert(t.Context())
				if got.status != exitOK {
					assert.Contains(t, got.out, "old@example.com  identifai: UpsertUser: ")
					got = at(append(args, "--retry-failed")...).upsert(t.Context())
				}
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
