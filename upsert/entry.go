package upsert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"
)

const (
	maxKey   = 512  // longest key, in bytes, that is recorded unchanged
	maxError = 4096 // bytes of an error text or an id that are recorded
)

// Entry is a line of a journal: the result of one user.
type Entry struct {
	// Index is the user's position in the input, from 0.
	Index int `json:"index"`
	// Key is the user's key, empty without [WithKey]. A key that is longer than 512
	// bytes or not UTF-8 is replaced by "sha256:" and its hash.
	Key string `json:"key,omitempty"`
	// Content is what the function of [WithContent] returned for the user, empty
	// without it. It is shortened like Key.
	Content string `json:"content,omitempty"`
	// ID is the vendor's id of the user. It is empty if the upsert failed or its
	// result contains no [Result].
	ID string `json:"id,omitempty"`
	// Outcome is what the upsert did. It is 0 if the upsert failed or its result
	// contains no [Result].
	Outcome Outcome `json:"outcome,omitempty"`
	// Error is the error text, at most 4096 bytes of it. It is empty if the upsert
	// succeeded.
	Error string `json:"error,omitempty"`
	// Time is when the result was recorded, to the second.
	Time time.Time `json:"time,omitzero"`
}

// journalLine is any line of a journal after the header.
type journalLine struct {
	Entry
	// Retry marks all users that failed so far for retry.
	Retry bool `json:"retry,omitempty"`
}

// newEntry returns what identifies a user in a journal.
func newEntry(index int, key, content string) Entry {
	return Entry{Index: index, Key: journalText(key), Content: journalText(content)}
}

// withResult returns the entry of a user with the result of its upsert.
func (e Entry) withResult(result any, err error) Entry {
	e.Time = time.Now().UTC().Truncate(time.Second)
	if err != nil {
		e.Error = truncate(err.Error())
		if e.Error == "" { // which would mean success
			e.Error = "(no text)"
		}
		return e
	}
	if r, ok := result.(interface{ journalRecord() (string, Outcome) }); ok {
		e.ID, e.Outcome = r.journalRecord()
		e.ID = truncate(e.ID)
	}
	return e
}

// journalText returns a key or content as it is recorded: short, and unchanged by JSON.
func journalText(text string) string {
	if len(text) <= maxKey && utf8.ValidString(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func truncate(text string) string {
	if len(text) <= maxError {
		return text
	}
	end := maxError - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// decodeLine reads a line. Unknown fields are ignored, for later releases.
func decodeLine(text []byte) (journalLine, error) {
	line := journalLine{Entry: Entry{Index: -1}}
	if err := json.Unmarshal(text, &line); err != nil {
		return line, err
	}
	if line.Index < 0 && !line.Retry {
		return line, errors.New("index is missing or negative")
	}
	return line, nil
}
