package upsert_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
)

// The three UpsertUser methods fit as they are, and nothing is sent for an input
// that is not valid.
func TestAllAcceptsProviderMethods(t *testing.T) {
	var (
		i *identifai.Client
		p *partoo.Client
		u *usercom.Client
	)
	refusesEmpty(t, i.UpsertUser)
	refusesEmpty(t, p.UpsertUser)
	refusesEmpty(t, u.UpsertUser)
}

func refusesEmpty[T, R any](t *testing.T, do func(context.Context, T) (R, error)) {
	items := 0
	for item := range upsert.All(t.Context(), slices.Values(make([]T, 3)), do) {
		assert.Error(t, item.Err)
		items++
	}
	assert.Equal(t, 3, items)
}

// A journal finds id and outcome in each of their results.
func TestJournalReadsTheProvidersResults(t *testing.T) {
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

// recordOne runs index+1 users, of which j has all but the last.
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
