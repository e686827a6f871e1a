package upsert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

const (
	maxKey   = 512  // bytes of a key that are recorded as given
	maxError = 4096 // bytes of an error text, or an id, that are recorded
)

// Entry is a line of a journal: what became of one user.
type Entry struct {
	// Index is the user's place in the input, counted from 0.
	Index int
	// Key is the user's key; of one longer than 512 bytes or not UTF-8, "sha256:"
	// and its hash. Empty without WithKey.
	Key string
	// ID is the vendor's id of the user, as text. Empty when the upsert failed, and
	// when its result holds no [Result].
	ID string
	// Outcome is what the upsert did. 0 when it failed, and when its result holds
	// no [Result].
	Outcome Outcome
	// Error is the text of the error, at most 4096 bytes of it. Empty when the
	// upsert did not fail.
	Error string
	// Time is when it was recorded, to the second.
	Time time.Time
}

// jsonLine is an Entry as it stands in the file, or the mark that users which failed
// are to be upserted again.
type jsonLine struct {
	Index   *int       `json:"index,omitempty"`
	Key     string     `json:"key,omitempty"`
	ID      string     `json:"id,omitempty"`
	Outcome string     `json:"outcome,omitempty"`
	Error   string     `json:"error,omitempty"`
	Time    *time.Time `json:"time,omitempty"`
	Retry   bool       `json:"retry,omitempty"`
}

// The outcomes of a line that are not an Outcome.
const (
	outcomeDone   = "done" // by a result that holds no Result
	outcomeFailed = "failed"
)

// newEntry tells what became of a user.
func newEntry(index int, key string, result any, err error) Entry {
	e := Entry{Index: index, Key: journalKey(key), Time: time.Now().UTC().Truncate(time.Second)}
	if err != nil {
		e.Error = errorText(err.Error())
		return e
	}
	if r, ok := result.(interface{ journalRecord() (string, Outcome) }); ok {
		e.ID, e.Outcome = r.journalRecord()
		e.ID = truncate(e.ID)
	}
	return e
}

// journalKey is a key as it is recorded: short, and the same after JSON.
func journalKey(key string) string {
	if len(key) <= maxKey && utf8.ValidString(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// errorText is an error text as it is recorded. An empty one would not tell a failure.
func errorText(text string) string {
	if text == "" {
		return "(no text)"
	}
	return truncate(text)
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

// encode returns the entry as a line with its newline.
func (e Entry) encode() ([]byte, error) {
	l := jsonLine{Index: &e.Index, Key: e.Key, ID: e.ID, Error: e.Error, Time: &e.Time}
	switch {
	case e.Error != "":
		l.Outcome = outcomeFailed
	case e.Outcome == 0:
		l.Outcome = outcomeDone
	default:
		l.Outcome = e.Outcome.String()
	}
	text, err := json.Marshal(l)
	return append(text, '\n'), err
}

// decodeLine reads a line. Fields it does not know are left to later releases.
func decodeLine(text []byte) (e Entry, retry bool, err error) {
	var l jsonLine
	if err := json.Unmarshal(text, &l); err != nil {
		return e, false, err
	}
	if l.Retry {
		return e, true, nil
	}
	if l.Index == nil || *l.Index < 0 {
		return e, false, errors.New("index is missing or negative")
	}
	e = Entry{Index: *l.Index, Key: l.Key, ID: l.ID, Error: l.Error}
	if l.Time != nil {
		e.Time = *l.Time
	}
	switch l.Outcome {
	case outcomeFailed:
		e.Error = errorText(l.Error)
	case outcomeDone:
	case Created.String():
		e.Outcome = Created
	case Updated.String():
		e.Outcome = Updated
	case Unchanged.String():
		e.Outcome = Unchanged
	default:
		return e, false, fmt.Errorf("outcome %q is none of created, updated, unchanged, done, failed", l.Outcome)
	}
	if l.Error != "" && l.Outcome != outcomeFailed {
		return e, false, fmt.Errorf("outcome %q has an error", l.Outcome)
	}
	return e, false, nil
}
