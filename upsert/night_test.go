package upsert_test

import (
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// people yields so many users.
func people(n int) iter.Seq[identifai.UserInput] {
	return func(yield func(identifai.UserInput) bool) {
		for i := range n {
			if !yield(identifai.UserInput{Name: "Ada", Email: fmt.Sprintf("ada-%d@example.com", i), Heuristic: "Average", PricingID: 1}) {
				return
			}
		}
	}
}

// 1,000 users at 30 writes a minute and one a second: 33 whole minutes, and ten
// writes in the last.
func TestAllUsesFullQuota(t *testing.T) {
	const least = 33*time.Minute + 9*time.Second
	synctest.Test(t, func(t *testing.T) {
		server := identifaitest.NewServer(identifaitest.WithQuotas())
		server.Fail(resttest.Fault{Delay: 100 * time.Millisecond, Times: -1})
		client, err := identifai.New(identifaitest.Key, append(server.Options(), rest.WithQuotas(identifai.Quotas()...))...)
		require.NoError(t, err)
		journal, err := upsert.OpenJournal(filepath.Join(t.TempDir(), "journal"), upsert.JournalHeader{Provider: "identifai", Input: "a thousand"})
		require.NoError(t, err)

		begin := time.Now()
		key := upsert.WithKey(func(u identifai.UserInput) string { return strings.ToLower(u.Email) })
		for item := range upsert.All(t.Context(), people(1000), client.UpsertUser, key, upsert.WithJournal(journal)) {
			require.NoError(t, item.Err)
		}
		took := time.Since(begin)
		require.NoError(t, journal.Close())

		assert.Len(t, server.Users(), 1000)
		assert.Len(t, server.Requests(), 1000, "none was refused")
		assert.GreaterOrEqual(t, took, least)
		assert.LessOrEqual(t, took, least*102/100)
		t.Logf("%v, %.4f of the least", took, took.Seconds()/least.Seconds())
	})
}
