package upsert

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

const (
	journalVersion = 1
	maxLine        = 64 << 10 // bytes; the longest line written is far shorter
)

// JournalHeader says what a journal is of. Both fields are required.
type JournalHeader struct {
	// Provider is whom the users are upserted at, "partoo", with whatever else
	// tells accounts apart.
	Provider string
	// Input is a fingerprint of the users in their order: the SHA-256 of a file, or
	// the name and date of an export that never changes.
	Input string
}

// headerLine is the first line of a journal.
type headerLine struct {
	Format   string `json:"format"`
	Version  int    `json:"version"`
	Provider string `json:"provider"`
	Input    string `json:"input"`
}

const journalFormat = "usersync journal"

func (h JournalHeader) encode() ([]byte, error) {
	text, err := json.Marshal(headerLine{journalFormat, journalVersion, h.Provider, h.Input})
	return append(text, '\n'), err
}

func decodeHeader(text []byte) (JournalHeader, error) {
	var l headerLine
	if err := json.Unmarshal(text, &l); err != nil || l.Format != journalFormat {
		return JournalHeader{}, fmt.Errorf("%w: line 1 is not the header of a journal", ErrJournal)
	}
	if l.Version != journalVersion {
		return JournalHeader{}, fmt.Errorf("%w: version %d, and this release reads version %d", ErrJournalMismatch, l.Version, journalVersion)
	}
	return JournalHeader{Provider: l.Provider, Input: l.Input}, nil
}

// ReadJournal returns the entries of a journal in the order in which they were
// recorded; the last one of an index counts. It takes no lock, so a journal can
// be read while a run writes it. An error, in the second place, ends it: it
// matches ErrJournal, or what package os says of the file.
func ReadJournal(path string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := readFile(path, func(e Entry, retry bool) bool {
			return retry || yield(e, nil)
		})
		if err != nil {
			yield(Entry{}, fmt.Errorf("upsert: read journal: %w", err))
		}
	}
}

func readFile(path string, line func(e Entry, retry bool) bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, _, err = readLines(file, line)
	return err
}

// readLines reads a journal up to its last whole line, or until line returns
// false, and tells the header and where the last whole line ends: 0 when there
// is no header yet.
func readLines(file io.Reader, line func(e Entry, retry bool) bool) (h JournalHeader, end int64, err error) {
	in := bufio.NewReaderSize(file, maxLine)
	for number := 1; ; number++ {
		text, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return h, end, nil // what is left was cut off while it was written
		case errors.Is(err, bufio.ErrBufferFull):
			return h, end, fmt.Errorf("%w: line %d is longer than %d bytes", ErrJournal, number, maxLine)
		case err != nil:
			return h, end, err
		}
		if number == 1 {
			if h, err = decodeHeader(text); err != nil {
				return h, end, err
			}
			end += int64(len(text))
			continue
		}
		e, retry, err := decodeLine(bytes.TrimSuffix(text, []byte("\n")))
		if err != nil {
			return h, end, fmt.Errorf("%w: line %d: %w", ErrJournal, number, err)
		}
		end += int64(len(text))
		if !line(e, retry) {
			return h, end, nil
		}
	}
}
