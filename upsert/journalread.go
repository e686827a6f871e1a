package upsert

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

const (
	journalFormat  = "usersync journal"
	journalVersion = 2
	maxHeader      = 64 << 10 // bytes
)

// JournalHeader identifies the run that a journal belongs to.
type JournalHeader struct {
	// Provider is the provider that receives the users, for example "partoo", and
	// the account if there are several. It is required.
	Provider string
	// Input is a fingerprint of the users in their order: the SHA-256 of a file, or
	// name and date of an export that never changes. It is required without
	// [WithContent]. If it is empty, the journal of any input of the provider fits.
	Input string
}

// headerLine is the first line of a journal.
type headerLine struct {
	Format   string `json:"format"`
	Version  int    `json:"version"`
	Provider string `json:"provider"`
	Input    string `json:"input,omitempty"`
}

func (h JournalHeader) encode() ([]byte, error) {
	text, err := json.Marshal(headerLine{journalFormat, journalVersion, h.Provider, h.Input})
	return append(text, '\n'), err
}

var errNoHeader = fmt.Errorf("%w: line 1 is not the header of a journal", ErrJournal)

func decodeHeader(text []byte) (JournalHeader, error) {
	var l headerLine
	if err := json.Unmarshal(text, &l); err != nil || l.Format != journalFormat {
		return JournalHeader{}, errNoHeader
	}
	if l.Version != journalVersion {
		return JournalHeader{}, fmt.Errorf("%w: format version %d, this release reads version %d", ErrJournalMismatch, l.Version, journalVersion)
	}
	return JournalHeader{Provider: l.Provider, Input: l.Input}, nil
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
	return users.sorted(), nil
}

// readJournal reads a journal up to its last complete line, which ends at byte end
// (0: the header is incomplete). Anything after it that is not JSON is what a crash
// left, for example zeros after a power failure, even if it contains line ends.
func readJournal(file io.Reader) (h JournalHeader, users recordedUsers, end int64, err error) {
	in := bufio.NewReaderSize(file, maxHeader)
	users = recordedUsers{}
	text, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF):
		return h, users, 0, nil
	case errors.Is(err, bufio.ErrBufferFull):
		return h, users, 0, errNoHeader
	case err != nil:
		return h, users, 0, err
	}
	if h, err = decodeHeader(text); err != nil {
		return h, users, 0, err
	}
	end = int64(len(text))
	var damaged error // the first line that is not JSON
	for number := 2; ; number++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return h, users, end, nil
		}
		if err != nil {
			return h, users, end, err
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

// recordedUsers are the entries of a journal that count: the last of each user.
type recordedUsers map[userID]Entry

// has reports whether this user is recorded with the same key and content.
func (u recordedUsers) has(user Entry) bool {
	e, ok := u[user.id()]
	return ok && e.Key == user.Key && e.Content == user.Content
}

func (u recordedUsers) sorted() []Entry {
	return slices.SortedFunc(maps.Values(u), func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Key, b.Key))
	})
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
