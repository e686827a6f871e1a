package upsert_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// The UpsertUser methods of the three providers fit without a wrapper. An input that is
// invalid fails its user only, and nothing is sent.
func TestAllAcceptsProviderMethods(t *testing.T) {
	i, err := identifai.New("key", identifaitest.NewServer().Options()...)
	require.NoError(t, err)
	p, err := partoo.New("key", partootest.NewServer().Options()...)
	require.NoError(t, err)
	u, err := usercom.New("", "key", usercomtest.NewServer().Options()...)
	require.NoError(t, err)
	failsEmptyUsers(t, i.UpsertUser)
	failsEmptyUsers(t, p.UpsertUser)
	failsEmptyUsers(t, u.UpsertUser)
}

func failsEmptyUsers[T, R any](t *testing.T, upsertFunc func(context.Context, T) (R, error)) {
	items := 0
	for item := range upsert.All(t.Context(), slices.Values(make([]T, 30)), upsertFunc) {
		assert.ErrorIs(t, item.Err, rest.ErrInvalid)
		assert.NotErrorIs(t, item.Err, upsert.ErrIncomplete)
		items++
	}
	assert.Equal(t, 30, items)
}

// A journal records id and outcome of the results of all three providers.
func TestJournalRecordsResultsOfAllProviders(t *testing.T) {
	path := journalPath(t)
	j := open(t, path)
	recordOne(t, j, 0, upsert.Result[string]{ID: "5f1", Outcome: upsert.Updated})
	recordOne(t, j, 1, identifai.UpsertResult{Result: upsert.Result[int64]{ID: 42, Outcome: upsert.Created}})
	recordOne(t, j, 2, upsert.Result[int64]{ID: 43, Outcome: upsert.Unchanged})
	var got []string
	for _, e := range read(t, path) {
		got = append(got, e.ID+" "+e.Outcome.String())
	}
	assert.Equal(t, []string{"5f1 updated", "42 created", "43 unchanged"}, got)
}

// recordOne runs index+1 users; all but the last are recorded in j.
func recordOne[R any](t *testing.T, j *upsert.Journal, index int, result R) {
	items := 0
	for item := range upsert.All(t.Context(), count(index+1), func(context.Context, int) (R, error) {
		return result, nil
	}, upsert.WithJournal(j)) {
		assert.NoError(t, item.Err)
		items++
	}
	assert.Equal(t, 1, items)
}
