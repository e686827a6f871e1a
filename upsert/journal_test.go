package upsert_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/upsert"
)

var header = upsert.JournalHeader{Provider: "partoo", Input: "sha256:00ff"}

func open(t testing.TB, path string) *upsert.Journal {
	t.Helper()
	j, err := upsert.OpenJournal(path, header)
	require.NoError(t, err)
	t.Cleanup(func() { j.Close() })
	return j
}

func journalPath(t testing.TB) string { return filepath.Join(t.TempDir(), "users.csv.journal") }

// wrapped is a result that embeds upsert.Result, as identifAI's does.
type wrapped struct {
	upsert.Result[string]
	More int
}

var errTaken = errors.New("partoo: UpsertUser: 400 Bad Request: email: taken")

// runUsers upserts users into j, fails those in bad, and returns the indexes that were sent.
func runUsers(t testing.TB, j *upsert.Journal, users []string, bad ...int) []int {
	t.Helper()
	var sent []int
	var mu sync.Mutex
	type user struct {
		index int
		name  string
	}
	input := func(yield func(user) bool) {
		for i, name := range users {
			if !yield(user{i, name}) {
				return
			}
		}
	}
	for item := range upsert.All(t.Context(), input, func(_ context.Context, u user) (wrapped, error) {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, u.index)
		if slices.Contains(bad, u.index) {
			return wrapped{}, errTaken
		}
		return wrapped{Result: upsert.Result[string]{ID: "id-" + u.name, Outcome: upsert.Created}}, nil
	}, upsert.WithKey(func(u user) string { return u.name }), upsert.WithJournal(j)) {
		assert.Equal(t, slices.Contains(bad, item.Index), item.Err != nil)
	}
	slices.Sort(sent)
	return sent
}

func TestJournalSkipsRecordedUsers(t *testing.T) {
	path, users := journalPath(t), []string{"a", "b", "c", "b", "d"}
	j := open(t, path)
	assert.Equal(t, []int{0, 1, 2, 3, 4}, runUsers(t, j, users, 1, 2))
	assert.Equal(t, upsert.JournalCounts{Created: 3, Failed: 2}, j.Counts())
	assert.Empty(t, runUsers(t, j, users), "the same input again")
	require.NoError(t, j.Close())
	require.NoError(t, j.Close())

	j = open(t, path)
	assert.Equal(t, upsert.JournalCounts{Created: 3, Failed: 2}, j.Counts())
	assert.Empty(t, runUsers(t, j, users))
	require.NoError(t, j.RetryFailed())
	assert.Equal(t, upsert.JournalCounts{Created: 2}, j.Counts())
	require.NoError(t, j.Close())

	j = open(t, path) // as if killed before the retry
	assert.Equal(t, []int{1, 2, 3}, runUsers(t, j, users, 2), "3 as well, or 1 would undo it")
	assert.Equal(t, upsert.JournalCounts{Created: 4, Failed: 1}, j.Counts())
	assert.Equal(t, []int{4}, runUsers(t, j, []string{"a", "b", "c", "b", "another"}), "another key is another user")

	entries := read(t, path)
	require.Len(t, entries, 5)
	failed := 0
	for i, e := range entries {
		assert.Equal(t, i, e.Index)
		assert.False(t, e.Time.IsZero())
		if e.Error != "" {
			failed++
		}
	}
	assert.Equal(t, "another", entries[4].Key)
	assert.Equal(t, 1, failed, "only the last result of each user")
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func read(t testing.TB, path string) []upsert.Entry {
	t.Helper()
	entries, err := upsert.ReadJournal(path)
	require.NoError(t, err)
	return entries
}

// A user that is marked for retry is no longer recorded, even before it is retried.
func TestReadJournalAfterRetryFailed(t *testing.T) {
	path, users := journalPath(t), []string{"a", "b", "c", "b", "d"}
	j := open(t, path)
	runUsers(t, j, users, 1, 2)
	require.NoError(t, j.RetryFailed())
	entries := read(t, path)
	require.Len(t, entries, 2)
	assert.Equal(t, 0, entries[0].Index)
	assert.Equal(t, 4, entries[1].Index)
}

func TestJournalRecordsKeysIDsAndErrors(t *testing.T) {
	path := journalPath(t)
	long, invalid := strings.Repeat("k", 600), "a\xff"
	j := open(t, path)
	users := []string{"a", long, invalid, "\"\n"}
	runUsers(t, j, users, 3)
	assert.Empty(t, runUsers(t, j, users))
	assert.Equal(t, errTaken.Error(), lastOf(t, path, "\"\n").Error)
	assert.Equal(t, "id-a", lastOf(t, path, "a").ID)
	assert.Equal(t, upsert.Created, lastOf(t, path, "a").Outcome)
	for item := range upsert.All(t.Context(), count(6), func(_ context.Context, n int) (int, error) {
		if n == 4 {
			return 0, errors.New(strings.Repeat("é", 5000))
		}
		return 1, nil
	}, upsert.WithJournal(j)) {
		_ = item
	}
	assert.Equal(t, upsert.JournalCounts{Done: 5, Failed: 1}, j.Counts(), "upserted again: their keys differ")
	got := read(t, path)
	require.Len(t, got, 6)
	assert.LessOrEqual(t, len(got[4].Error), 4096)
	assert.True(t, strings.HasSuffix(got[4].Error, "é…"))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(text), `"key":"`+long)
}

func lastOf(t *testing.T, path, key string) upsert.Entry {
	entries := read(t, path)
	i := slices.IndexFunc(entries, func(e upsert.Entry) bool { return e.Key == key })
	require.GreaterOrEqual(t, i, 0)
	return entries[i]
}

func TestJournalDoesNotRecordCancelledRun(t *testing.T) {
	j := open(t, journalPath(t))
	ctx, cancel := context.WithCancel(t.Context())
	for range upsert.All(ctx, count(5), func(ctx context.Context, n int) (result, error) {
		if n == 1 {
			cancel()
		}
		if n > 0 {
			<-ctx.Done()
			return result{}, ctx.Err()
		}
		return result{Outcome: upsert.Unchanged}, nil
	}, upsert.WithWorkers(1), upsert.WithJournal(j)) {
	}
	assert.Equal(t, upsert.JournalCounts{Unchanged: 1}, j.Counts())
}

// An upsert that is cancelled without the run is not recorded either.
func TestJournalDoesNotRecordCancelledUpsert(t *testing.T) {
	j := open(t, journalPath(t))
	for item := range upsert.All(t.Context(), count(5), func(ctx context.Context, n int) (result, error) {
		if n == 1 {
			return result{}, fmt.Errorf("in the queue: %w", context.Canceled)
		}
		return result{Outcome: upsert.Unchanged}, nil
	}, upsert.WithJournal(j)) {
		switch item.Index {
		case -1:
			assert.EqualError(t, item.Err, "upsert: run incomplete: 1 user not sent: in the queue: context canceled")
		case 1:
			assert.ErrorIs(t, item.Err, context.Canceled)
		default:
			assert.NoError(t, item.Err)
		}
	}
	assert.Equal(t, upsert.JournalCounts{Unchanged: 4}, j.Counts())
}

func TestJournalRemoveDeletesItsOwnFileOnly(t *testing.T) {
	path := journalPath(t)
	j := open(t, path)
	runUsers(t, j, []string{"a"})
	require.NoError(t, j.Remove())
	assert.NoFileExists(t, path)
	assert.ErrorIs(t, j.Remove(), upsert.ErrJournal)
	require.NoError(t, j.Close())

	j = open(t, path)
	require.NoError(t, os.Rename(path, path+".old"))
	other := open(t, path)
	assert.ErrorIs(t, j.Remove(), upsert.ErrJournal)
	assert.FileExists(t, path, "of the other run")
	assert.FileExists(t, path+".old")
	require.NoError(t, other.Remove())
	assert.NoFileExists(t, path)
}

// A journal that is opened while other runs remove it is never a removed file.
func TestJournalRemoveWhileOthersOpen(t *testing.T) {
	path := journalPath(t)
	var working sync.WaitGroup
	for range 4 {
		working.Go(func() {
			for range 200 {
				j, err := upsert.OpenJournal(path, header)
				if err != nil {
					assert.ErrorIs(t, err, upsert.ErrJournalInUse)
					continue
				}
				assert.FileExists(t, path)
				assert.NoError(t, j.Remove())
			}
		})
	}
	working.Wait()
	assert.NoFileExists(t, path)
}

func BenchmarkAllWithJournal(b *testing.B) {
	j := open(b, journalPath(b))
	b.ReportAllocs()
	b.ResetTimer()
	for range upsert.All(b.Context(), count(b.N), nothing, upsert.WithJournal(j)) {
	}
}

// BenchmarkOpenJournal opens a journal of a million users.
func BenchmarkOpenJournal(b *testing.B) {
	path, n := journalPath(b), 1_000_000
	j := open(b, path)
	for range upsert.All(b.Context(), count(n), nothing, upsert.WithJournal(j), upsert.WithKey(func(n int) string {
		return fmt.Sprintf("user%d@example.com", n)
	})) {
	}
	require.NoError(b, j.Close())
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		j = open(b, path)
		runtime.GC()
		runtime.ReadMemStats(&after)
		require.Equal(b, n, j.Counts().Updated)
		require.NoError(b, j.Close())
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "bytes/user")
}
