package upsert

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzReadJournal(f *testing.F) {
	header := JournalHeader{Provider: "partoo", Input: "sha256:00ff"}.encode()
	for _, lines := range []string{
		"",
		"{\"index\":0,\"key\":\"a\",\"id\":\"7\",\"outcome\":\"created\"}\n{\"ind",
		"{\"index\":1,\"error\":\"x\"}\n{\"retry\":true}\n{\"index\":1}\n",
		"{\"index\":9000000000000000000,\"error\":\"x\",\"time\":\"2026-11-23T05:38:04Z\"}\n",
		"{\"index\":1,\"key\":\"a\",\"content\":\"x\"}\n{\"index\":2,\"key\":\"a\",\"content\":\"y\",\"error\":\"z\"}\n{\"retry\":true}\n",
		"null\n",
	} {
		f.Add(append(bytes.Clone(header), lines...))
	}
	f.Add([]byte("email\n"))
	f.Add(header[:20])
	f.Fuzz(func(t *testing.T, text []byte) {
		h, users, end, err := readJournal(bytes.NewReader(text))
		if err != nil {
			assert.ErrorIs(t, err, ErrJournal)
			return
		}
		require.LessOrEqual(t, end, int64(len(text)))
		for line := range bytes.Lines(text[end:]) {
			if complete, ok := bytes.CutSuffix(line, []byte("\n")); ok && end > 0 {
				require.False(t, json.Valid(complete), "valid JSON was dropped: %q", line)
			}
		}

		again, sameUsers, sameEnd, err := readJournal(bytes.NewReader(text[:end]))
		require.NoError(t, err)
		assert.Equal(t, h, again)
		assert.Equal(t, users, sameUsers)
		assert.Equal(t, end, sameEnd)

		for id, e := range users {
			written, err := json.Marshal(e)
			if err != nil { // a time beyond year 9999 has no text
				continue
			}
			line, err := decodeLine(written)
			require.NoError(t, err)
			assert.Equal(t, id, line.id())
			assert.True(t, e.Time.Equal(line.Time))
			line.Time = e.Time
			assert.Equal(t, e, line.Entry)
		}
		users.dropFailed()
		for _, e := range users {
			assert.Empty(t, e.Error)
		}
	})
}

func TestReadJournalReturnsReadErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	_, _, _, err := readJournal(brokenReader{broken})
	assert.ErrorIs(t, err, broken)
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }
