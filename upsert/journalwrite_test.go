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

func (j *Journal) unsynced() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pendingWrites
}

func TestJournalSyncs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newTestJournal(t)
		for range 2 { // a second time after a quiet while
			require.NoError(t, j.record(newEntry(0, "a", nil, nil)))
			require.NoError(t, j.record(newEntry(1, "b", nil, nil)))
			time.Sleep(syncDelay - time.Nanosecond) // fake time
			synctest.Wait()
			assert.Equal(t, 2, j.unsynced())
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			assert.Zero(t, j.unsynced())
			time.Sleep(time.Hour)
		}
		for i := range syncEntries {
			assert.Equal(t, i, j.unsynced())
			require.NoError(t, j.record(newEntry(i, "", nil, nil)))
		}
		assert.Zero(t, j.unsynced())
		require.NoError(t, j.Close())
	})
}

// Nothing is written after a failure: a line may have been cut off.
func TestJournalKeepsItsFirstFailure(t *testing.T) {
	j := newTestJournal(t)
	require.NoError(t, j.record(newEntry(0, "a", nil, os.ErrInvalid)))
	require.NoError(t, j.file.Close())
	first := j.record(newEntry(1, "b", nil, nil))
	assert.ErrorIs(t, first, ErrJournal)
	assert.ErrorIs(t, first, os.ErrClosed)
	assert.Equal(t, first, j.record(newEntry(2, "c", nil, nil)))
	assert.Equal(t, first, j.RetryFailed())
	assert.Equal(t, first, j.Close())
	assert.Equal(t, first, j.Close())
	assert.Equal(t, JournalCounts{Failed: 1}, j.Counts(), "only what is on record")
}
