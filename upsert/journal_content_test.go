package upsert_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/upsert"
)

// row is a user whose content can be corrected. The upsert of content "bad" fails.
type row struct{ key, content string }

// resume opens the journal for any input, upserts rows and returns the keys sent.
func resume(t *testing.T, path string, retryFailed bool, rows ...row) (sent []string, counts upsert.JournalCounts) {
	t.Helper()
	j, err := upsert.OpenJournal(path, upsert.JournalHeader{Provider: "partoo"})
	require.NoError(t, err)
	if retryFailed {
		require.NoError(t, j.RetryFailed())
	}
	for item := range upsert.All(t.Context(), slices.Values(rows), func(_ context.Context, r row) (result, error) {
		sent = append(sent, r.key+"="+r.content)
		if r.content == "bad" {
			return result{}, errTaken
		}
		return result{Outcome: upsert.Created}, nil
	}, upsert.WithWorkers(1), upsert.WithJournal(j),
		upsert.WithKey(func(r row) string { return r.key }),
		upsert.WithContent(func(r row) string { return r.content })) {
		assert.NotErrorIs(t, item.Err, upsert.ErrIncomplete)
	}
	counts = j.Counts()
	require.NoError(t, j.Close())
	return sent, counts
}

func TestWithContentResumesWithACorrectedInput(t *testing.T) {
	path := journalPath(t)
	a, b, c, d := row{"a", "1"}, row{"b", "bad"}, row{"c", "1"}, row{"d", "1"}
	sent, counts := resume(t, path, false, a, b, c)
	assert.Equal(t, []string{"a=1", "b=bad", "c=1"}, sent)
	assert.Equal(t, upsert.JournalCounts{Created: 2, Failed: 1}, counts)

	sent, _ = resume(t, path, false, d, c, a, b)
	assert.Equal(t, []string{"d=1"}, sent, "a new row, and another order")

	sent, counts = resume(t, path, false, d, row{"a", "2"}, row{"b", "2"})
	assert.Equal(t, []string{"a=2", "b=2"}, sent, "one changed, one corrected")
	assert.Equal(t, upsert.JournalCounts{Created: 4}, counts)

	sent, _ = resume(t, path, false, a)
	assert.Equal(t, []string{"a=1"}, sent, "changed back: the last entry of a key counts")
}

func TestWithContentRetriesFailedUsers(t *testing.T) {
	path := journalPath(t)
	rows := []row{{"a", "1"}, {"b", "bad"}, {"c", "1"}}
	resume(t, path, false, rows...)
	sent, counts := resume(t, path, true, rows...)
	assert.Equal(t, []string{"b=bad"}, sent)
	assert.Equal(t, upsert.JournalCounts{Created: 2, Failed: 1}, counts)
}

// The last of two rows with the same key wins, in each run.
func TestWithContentKeepsTheOrderOfAKey(t *testing.T) {
	path := journalPath(t)
	rows := []row{{"a", "1"}, {"b", "1"}, {"a", "2"}}
	sent, _ := resume(t, path, false, rows...)
	assert.Equal(t, []string{"a=1", "b=1", "a=2"}, sent)
	sent, _ = resume(t, path, false, rows...)
	assert.Equal(t, []string{"a=1", "a=2"}, sent, "the second must not be undone")
	sent, _ = resume(t, path, false, rows[1:]...)
	assert.Empty(t, sent)
}

// A user without a key is found by its position; its content must be the same.
func TestWithContentUsesThePositionOfAUserWithoutAKey(t *testing.T) {
	path := journalPath(t)
	resume(t, path, false, row{"", "1"}, row{"", "2"})
	sent, _ := resume(t, path, false, row{"", "1"}, row{"", "3"})
	assert.Equal(t, []string{"=3"}, sent)
}

// A long content is recorded as a hash.
func TestWithContentRecordsAShortText(t *testing.T) {
	path := journalPath(t)
	long := strings.Repeat("x", 10_000)
	resume(t, path, false, row{"a", long})
	entries := read(t, path)
	require.Len(t, entries, 1)
	assert.True(t, strings.HasPrefix(entries[0].Content, "sha256:"))
	sent, _ := resume(t, path, false, row{"a", long}, row{"b", long + "y"})
	assert.Len(t, sent, 1)
}

// Users that were not sent are not recorded, and the next run upserts them.
func TestJournalOfAnIncompleteRunHasOnlyResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := journalPath(t)
		key := upsert.WithKey(func(n int) string { return string(rune('a' + n%26)) })
		content := upsert.WithContent(func(n int) string { return strings.Repeat("i", n+1) })
		s := newService(between(time.Second, 3*time.Hour, unavailable))
		j, err := upsert.OpenJournal(path, upsert.JournalHeader{Provider: "partoo"})
		require.NoError(t, err)
		o := s.run(t, 200, key, content, upsert.WithJournal(j))
		require.NotNil(t, o.incomplete)
		assert.Equal(t, 200-o.done, o.incomplete.NotSent)
		assert.Equal(t, upsert.JournalCounts{Created: 26}, j.Counts())
		time.Sleep(3 * time.Hour)
		assert.Nil(t, s.run(t, 200, key, content, upsert.WithJournal(j)).incomplete)
		require.NoError(t, j.Close())
	})
}

func TestAllPanicsWhenAJournalCannotIdentifyUsers(t *testing.T) {
	j, err := upsert.OpenJournal(journalPath(t), upsert.JournalHeader{Provider: "partoo"})
	require.NoError(t, err)
	defer j.Close()
	content := upsert.WithContent(func(int) string { return "" })
	assert.PanicsWithValue(t, "upsert: WithJournal needs a journal with an Input, or WithContent", func() {
		upsert.All(t.Context(), count(1), nothing, upsert.WithJournal(j))
	})
	assert.PanicsWithValue(t, "upsert: WithContent needs WithKey", func() { upsert.All(t.Context(), count(1), nothing, content) })
	assert.PanicsWithValue(t, "upsert: WithContent needs a function", func() { upsert.WithContent[int](nil) })
}

// A journal with an Input belongs to that input, with content as well.
func TestOpenJournalComparesAnInputThatIsGiven(t *testing.T) {
	path := journalPath(t)
	require.NoError(t, open(t, path).Close())
	_, err := upsert.OpenJournal(path, upsert.JournalHeader{Provider: "partoo", Input: "another"})
	assert.ErrorIs(t, err, upsert.ErrJournalInput)
	resume(t, path, false, row{"a", "1"})
}
