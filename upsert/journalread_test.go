package upsert

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type journalLine struct {
	e     Entry
	retry bool
}

func linesOf(text []byte) (lines []journalLine, h JournalHeader, end int64, err error) {
	h, end, err = readLines(bytes.NewReader(text), func(e Entry, retry bool) bool {
		lines = append(lines, journalLine{e, retry})
		return true
	})
	return lines, h, end, err
}

func FuzzReadLines(f *testing.F) {
	header, err := JournalHeader{Provider: "partoo", Input: "sha256:00ff"}.encode()
	require.NoError(f, err)
	for _, rest := range []string{
		"",
		"{\"index\":0,\"key\":\"a\",\"id\":\"7\",\"outcome\":\"created\"}\n{\"ind",
		"{\"index\":1,\"outcome\":\"failed\",\"error\":\"x\"}\n{\"retry\":true}\n{\"index\":1,\"outcome\":\"done\"}\n",
		"{\"index\":9000000000000000000,\"outcome\":\"failed\",\"time\":\"2026-11-23T05:38:04Z\"}\n",
		"null\n",
	} {
		f.Add(append(bytes.Clone(header), rest...))
	}
	f.Add([]byte("email\n"))
	f.Add(header[:20])
	f.Fuzz(func(t *testing.T, text []byte) {
		lines, h, end, err := linesOf(text)
		if err != nil {
			assert.ErrorIs(t, err, ErrJournal)
			return
		}
		require.LessOrEqual(t, end, int64(len(text)))
		for line := range bytes.Lines(text[end:]) {
			if whole, ok := bytes.CutSuffix(line, []byte("\n")); ok && len(line) <= maxLine {
				require.False(t, json.Valid(whole), "only what is no line is dropped: %q", line)
			}
		}

		again, sameHeader, sameEnd, err := linesOf(text[:end])
		require.NoError(t, err)
		assert.Equal(t, lines, again)
		assert.Equal(t, h, sameHeader)
		assert.Equal(t, end, sameEnd)

		set, on := newJournalSet(), map[int]bool{}
		for _, l := range lines {
			if l.retry {
				set.dropFailed()
				assert.Zero(t, set.count[stateFailed])
				clear(on)
				continue
			}
			set.add(l.e)
			on[l.e.Index] = true
			assert.True(t, set.has(l.e.Index, l.e.Key))
			assert.False(t, set.has(l.e.Index, l.e.Key+"x"))
			written, err := l.e.encode()
			if err == nil { // a time beyond year 9999 has no text
				back, _, err := decodeLine(written)
				require.NoError(t, err)
				assert.True(t, l.e.Time.Equal(back.Time))
				back.Time = l.e.Time
				assert.Equal(t, l.e, back)
			}
		}
		total := 0
		for state := uint64(1); state <= stateFailed; state++ {
			assert.GreaterOrEqual(t, set.count[state], 0)
			total += set.count[state]
		}
		assert.GreaterOrEqual(t, total, len(on))
	})
}

func TestReadLinesReturnsReadErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	_, _, err := readLines(brokenReader{broken}, nil)
	assert.ErrorIs(t, err, broken)
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }
