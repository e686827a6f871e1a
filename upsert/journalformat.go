package upsert

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	journalFormat  = "usersync journal"
	journalVersion = 2
	maxKey         = 512  // longest key, in bytes, that is recorded unchanged
	maxError       = 4096 // bytes of an error text or an id that are recorded
)

// JournalHeader identifies the run that a journal belongs to.
type JournalHeader struct {
	// Provider is the provider that receives the users, for example "partoo", and
	// the account if there are several. It is required.
	Provider string `json:"provider"`
	// Input is a fingerprint of the users in their order: the SHA-256 of a file, or
	// name and date of an export that never changes. It is required without
	// [WithContent]. If it is empty, the journal of any input of the provider fits.
	Input string `json:"input,omitempty"`
}

// headerLine is the first line of a journal.
type headerLine struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	JournalHeader
}

func (h JournalHeader) encode() []byte {
	text, err := json.Marshal(headerLine{journalFormat, journalVersion, h})
	if err != nil {
		panic(err) // texts and numbers
	}
	return append(text, '\n')
}

var errNoHeader = fmt.Errorf("%w: line 1 is not the header of a journal", ErrJournal)

func decodeHeader(text []byte) (JournalHeader, error) {
	var l headerLine
	if err := json.Unmarshal(text, &l); err != nil || l.Format != journalFormat {
		return l.JournalHeader, errNoHeader
	}
	if l.Version != journalVersion {
		return l.JournalHeader, fmt.Errorf("%w: format version %d, this release reads version %d", ErrJournalMismatch, l.Version, journalVersion)
	}
	return l.JournalHeader, nil
}

// isHeaderStart reports whether text may be the start of a header, after a crash.
func isHeaderStart(text []byte) bool {
	start := []byte(`{"format":"` + journalFormat + `",`)
	return bytes.HasPrefix(text, start) || bytes.HasPrefix(start, text)
}

// check returns an error if h is not the header found in a journal.
func (h JournalHeader) check(found JournalHeader) error {
	if found.Provider != h.Provider {
		return fmt.Errorf("%w: its provider is %q, not %q", ErrJournalMismatch, found.Provider, h.Provider)
	}
	if h.Input != "" && found.Input != h.Input {
		return fmt.Errorf("%w: its input is %q, not %q", ErrJournalInput, found.Input, h.Input)
	}
	return nil
}

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
	// ID is the vendor's id of the user, and Outcome what the upsert did. Both are
	// empty if the upsert failed or its result contains no [Result].
	ID      string  `json:"id,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	// Error is the error text, at most 4096 bytes of it. It is empty if the upsert
	// succeeded.
	Error string `json:"error,omitempty"`
	// Time is when the result was recorded, to the second.
	Time time.Time `json:"time,omitzero"`
}

// newEntry returns what identifies a user in a journal.
func newEntry(index int, key, content string) Entry {
	return Entry{Index: index, Key: journalText(key), Content: journalText(content)}
}

// withResult returns the entry of a user with the result of its upsert.
func (e Entry) withResult(result any, err error) Entry {
	e.Time = time.Now().UTC().Truncate(time.Second)
	if err != nil {
		e.Error = truncate(cmp.Or(err.Error(), "(no text)")) // an empty text would mean success
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
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text)))
}

func truncate(text string) string {
	if len(text) <= maxError {
		return text
	}
	return strings.ToValidUTF8(text[:maxError-len("…")], "") + "…"
}

// journalLine is any line of a journal after the header.
type journalLine struct {
	Entry
	// Retry marks all users that failed so far for retry.
	Retry bool `json:"retry,omitempty"`
}

// decodeLine reads a line. Unknown fields are ignored, for later releases.
func decodeLine(text []byte) (journalLine, error) {
	line := journalLine{Entry: Entry{Index: -1}}
	err := json.Unmarshal(text, &line)
	if err == nil && line.Index < 0 && !line.Retry {
		err = errors.New("index is missing or negative")
	}
	return line, err
}

// ReadJournal returns the entries of a journal, sorted by Index. It omits entries
// that a later one replaces and users that [Journal.RetryFailed] marked. It takes no
// lock, so it can read a journal while a run writes it. Errors match ErrJournal, or
// are those of package os.
func ReadJournal(path string) ([]Entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("upsert: read journal: %w", err)
	}
	defer file.Close()
	_, users, _, err := readJournal(file)
	if err != nil {
		return nil, fmt.Errorf("upsert: read journal %s: %w", path, err)
	}
	return slices.SortedFunc(maps.Values(users), func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Key, b.Key))
	}), nil
}

// readJournal reads a journal up to its last complete line, which ends at byte end
// (0: the header is incomplete). Anything after it that is not JSON is what a crash
// left, for example zeros after a power failure, even if it contains line ends.
func readJournal(file io.Reader) (h JournalHeader, users recordedUsers, end int64, err error) {
	users = recordedUsers{}
	in := bufio.NewReader(file)
	var damaged error // the first line that is not JSON
	for number := 1; ; number++ {
		text, err := in.ReadBytes('\n')
		if number == 1 && err == nil {
			h, err = decodeHeader(text)
		}
		switch {
		case number == 1 && errors.Is(err, io.EOF) && !isHeaderStart(text):
			return h, users, end, errNoHeader
		case errors.Is(err, io.EOF):
			return h, users, end, nil
		case err != nil:
			return h, users, end, err
		case number == 1:
			end = int64(len(text))
			continue
		}
		line, err := decodeLine(text)
		if err != nil {
			err = fmt.Errorf("%w: line %d: %w", ErrJournal, number, err)
		}
		if _, ok := errors.AsType[*json.SyntaxError](err); ok {
			damaged = cmp.Or(damaged, err)
			continue
		}
		if err = cmp.Or(damaged, err); err != nil {
			return h, users, end, err
		}
		end += int64(len(text))
		if line.Retry {
			users.dropFailed()
		} else {
			users[line.id()] = line.Entry
		}
	}
}

// recordedUsers are the entries of a journal that count: the last of each user.
type recordedUsers map[userID]Entry

// userID identifies a recorded user: by key if its content is recorded, else by the
// position in the input.
type userID struct {
	index int
	key   string
}

func (e Entry) id() userID {
	if e.Key != "" && e.Content != "" {
		return userID{key: e.Key}
	}
	return userID{index: e.Index}
}

// dropFailed removes the users that failed and later users with the same key:
// retrying the earlier one would otherwise undo the later one.
func (u recordedUsers) dropFailed() {
	firstFailed := map[string]int{}
	for id, e := range u {
		if e.Error == "" {
			continue
		}
		delete(u, id)
		if first, ok := firstFailed[e.Key]; e.Key != "" && (!ok || e.Index < first) {
			firstFailed[e.Key] = e.Index
		}
	}
	maps.DeleteFunc(u, func(_ userID, e Entry) bool {
		first, ok := firstFailed[e.Key]
		return ok && e.Index > first
	})
}
