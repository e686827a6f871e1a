package upsert_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/upsert"
)

func TestOpenJournalErrors(t *testing.T) {
	valid := "{\"format\":\"usersync journal\",\"version\":2,\"provider\":\"partoo\",\"input\":\"sha256:00ff\"}\n"
	one := "{\"index\":0,\"outcome\":\"created\"}\n"
	for name, c := range map[string]struct {
		text string
		want string
		is   error
	}{
		"provider":         {strings.Replace(valid, "partoo", "usercom", 1), `its provider is "usercom", not "partoo"`, upsert.ErrJournalMismatch},
		"input":            {strings.Replace(valid, "00ff", "11", 1), `its input is "sha256:11", not "sha256:00ff"`, upsert.ErrJournalMismatch},
		"version":          {strings.Replace(valid, ":2,", ":1,", 1), "format version 1, this release reads version 2", upsert.ErrJournalMismatch},
		"csv":              {"email,first_name\n", "line 1 is not the header of a journal", upsert.ErrJournal},
		"csv, one line":    {"email", "line 1 is not the header of a journal", upsert.ErrJournal},
		"long, no newline": {strings.Repeat("x", 1000), "line 1 is not the header of a journal", upsert.ErrJournal},
		"garbage":          {valid + one + "\x00\x00\n" + one, "line 3: invalid character", upsert.ErrJournal},
		"no index":         {valid + "{\"outcome\":\"created\"}\n", "line 2: index is missing or negative", upsert.ErrJournal},
		"negative":         {valid + "{\"index\":-1,\"outcome\":\"created\"}\n", "line 2: index is missing or negative", upsert.ErrJournal},
		"outcome":          {valid + "{\"index\":1,\"outcome\":\"gone\"}\n", `line 2: outcome "gone" is not created, updated or unchanged`, upsert.ErrJournal},
		"long line":        {valid + strings.Repeat("x", 70000) + "\n" + one, "line 2: invalid character", upsert.ErrJournal},
	} {
		t.Run(name, func(t *testing.T) {
			path := journalPath(t)
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			_, err := upsert.OpenJournal(path, header)
			assert.ErrorContains(t, err, c.want)
			assert.ErrorIs(t, err, c.is)
			assert.ErrorIs(t, err, upsert.ErrJournal)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, c.text, string(text), "unchanged")
		})
	}
	_, err := upsert.OpenJournal(journalPath(t), upsert.JournalHeader{Input: "x"})
	assert.ErrorContains(t, err, "Provider is required")
	_, err = upsert.OpenJournal(filepath.Join(t.TempDir(), "no", "where"), header)
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = upsert.ReadJournal(journalPath(t))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestJournalInUse(t *testing.T) {
	path := journalPath(t)
	j := open(t, path)
	_, err := upsert.OpenJournal(path, header)
	assert.ErrorIs(t, err, upsert.ErrJournalInUse)
	require.NoError(t, j.Close())
	open(t, path)
}

// A run ends when its journal fails, and its last items contain the error.
func TestJournalFailureEndsTheRun(t *testing.T) {
	j := open(t, journalPath(t))
	require.NoError(t, j.Close())
	items := 0
	var last error
	for item := range upsert.All(t.Context(), count(math.MaxInt), nothing, upsert.WithJournal(j)) {
		last = item.Err
		assert.ErrorIs(t, item.Err, upsert.ErrJournal)
		if item.Index >= 0 {
			assert.Equal(t, upsert.Updated, item.Result.Outcome)
			items++
		}
	}
	assert.ErrorIs(t, last, upsert.ErrIncomplete)
	assert.LessOrEqual(t, items, 8)
	assert.Positive(t, items)
}

// A process may be killed after any byte. The next run then continues after the last
// complete line.
func TestJournalTruncatedAtAnyByteCanBeResumed(t *testing.T) {
	path, users := journalPath(t), []string{"a", "b", "c", "b", "d"}
	j := open(t, path)
	runUsers(t, j, users, 1)
	require.NoError(t, j.RetryFailed())
	runUsers(t, j, users, 1)
	require.NoError(t, j.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for end := range len(text) + 1 {
		cut := filepath.Join(t.TempDir(), "cut")
		require.NoError(t, os.WriteFile(cut, text[:end], 0o600))
		recorded := map[int]bool{}
		retried := false
		for n, line := range bytes.SplitAfter(text[:end], []byte("\n")) {
			var index int
			switch {
			case n == 0 || !bytes.HasSuffix(line, []byte("\n")):
			case bytes.Contains(line, []byte("retry")):
				retried = true
				delete(recorded, 1)
				delete(recorded, 3)
			default:
				_, err := fmt.Sscanf(string(line), `{"index":%d`, &index)
				require.NoError(t, err)
				recorded[index] = true
			}
		}
		var want []int
		for i := range users {
			if !recorded[i] {
				want = append(want, i)
			}
		}
		j := open(t, cut)
		require.Equal(t, want, runUsers(t, j, users), "cut at %d, retried %v", end, retried)
		require.NoError(t, j.Close())
		require.Empty(t, runUsers(t, open(t, cut), users), "cut at %d", end)
	}
}

// What a power failure may leave at the end of a file is removed.
func TestJournalDropsInvalidLastLine(t *testing.T) {
	for name, tail := range map[string]string{
		"zeros":                 strings.Repeat("\x00", 4096),
		"many zeros":            strings.Repeat("\x00", 1<<20),
		"zeros and a line":      strings.Repeat("\x00", 100) + "\n",
		"many zeros and a line": strings.Repeat("\x00", 1<<17) + "\n",
		"half lines":            "{\"index\":1\n\x00\n\"outcome\":\"cre\n",
		"half an end":           "{\"index\":1,\"outcome\":\"created\"",
	} {
		t.Run(name, func(t *testing.T) {
			path := journalPath(t)
			j := open(t, path)
			runUsers(t, j, []string{"a"})
			require.NoError(t, j.Close())
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, append(before, tail...), 0o600))

			j = open(t, path)
			assert.Equal(t, []int{1}, runUsers(t, j, []string{"a", "b"}))
			require.NoError(t, j.Close())
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.True(t, bytes.HasPrefix(after, before))
			assert.Equal(t, 3, bytes.Count(after, []byte("\n")))
			assert.Equal(t, upsert.JournalCounts{Created: 2}, open(t, path).Counts())
		})
	}
}
