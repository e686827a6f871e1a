package upsert

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newTestJournal(t *testing.T) *Journal {
	j, err := OpenJournal(filepath.Join(t.TempDir(), "journal"), JournalHeader{Provider: "partoo", Input: "x"})
	require.NoError(t, err)
	return j
}

func (j *Journal) syncPending() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.timer != nil
}

func TestJournalSyncsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newTestJournal(t)
		for range 2 { // the second time after an hour without entries
			require.NoError(t, j.record(newEntry(0, "a", "").withResult(nil, nil)))
			time.Sleep(syncDelay / 2)
			require.NoError(t, j.record(newEntry(1, "b", "").withResult(nil, nil)))
			time.Sleep(syncDelay/2 - time.Nanosecond)
			synctest.Wait()
			assert.True(t, j.syncPending())
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			assert.False(t, j.syncPending())
			time.Sleep(time.Hour)
		}
		require.NoError(t, j.record(newEntry(2, "c", "").withResult(nil, nil)))
		require.NoError(t, j.Close())
		time.Sleep(time.Hour)
		require.NoError(t, j.Close())
	})
}

// Nothing is written after a failure: the last line may be incomplete.
func TestJournalKeepsFirstError(t *testing.T) {
	j := newTestJournal(t)
	require.NoError(t, j.record(newEntry(0, "a", "").withResult(nil, os.ErrInvalid)))
	require.NoError(t, j.file.Close())
	first := j.record(newEntry(1, "b", "").withResult(nil, nil))
	assert.ErrorIs(t, first, ErrJournal)
	assert.ErrorIs(t, first, os.ErrClosed)
	assert.Equal(t, first, j.record(newEntry(2, "c", "").withResult(nil, nil)))
	assert.Equal(t, first, j.RetryFailed())
	assert.Equal(t, first, j.Close())
	assert.Equal(t, first, j.Close())
	assert.Equal(t, JournalCounts{Failed: 1}, j.Counts(), "only what was recorded")
}
