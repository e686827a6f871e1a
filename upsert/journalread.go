package upsert

import (
	"bufio"
	"bytes"
	"cmp"
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

// ReadJournal returns the entries of a journal that count, one for each user on
// record, in the order in which they were recorded: not those that a later one took
// the place of, or [Journal.RetryFailed] took off the record. It takes no lock, so a
// journal can be read while a run writes it, and 16 bytes of memory for each user.
// An error, in the second place, ends it: it matches ErrJournal, or what package os
// says of the file.
func ReadJournal(path string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		last, err := readLastEntries(path)
		if err == nil {
			number := 0
			err = readFile(path, func(e Entry, retry bool) bool {
				number++
				return retry || !last.isLast(e.Index, number) || yield(e, nil)
			})
		}
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

// lastEntries says which entries of a journal count.
type lastEntries struct {
	set   journalState
	pages map[int]*[pageSize]int // the number of the last entry, by the user's index
}

func readLastEntries(path string) (*lastEntries, error) {
	l := &lastEntries{newJournalSet(), make(map[int]*[pageSize]int)}
	number := 0
	err := readFile(path, func(e Entry, retry bool) bool {
		if number++; retry {
			l.set.dropFailed()
			return true
		}
		l.set.add(e)
		page := l.pages[e.Index/pageSize]
		if page == nil {
			page = new([pageSize]int)
			l.pages[e.Index/pageSize] = page
		}
		page[e.Index%pageSize] = number
		return true
	})
	return l, err
}

// isLast reports whether the entry with this number is the one that counts.
func (l *lastEntries) isLast(index, number int) bool {
	page := l.pages[index/pageSize]
	return page != nil && page[index%pageSize] == number && l.set.pages[index/pageSize][index%pageSize].state() != noEntry
}

// readLines reads a journal up to its last whole line, or until line returns
// false, and tells the header and where the last whole line ends: 0 when there
// is no header yet. What a power failure leaves at the end of a file, such as zeros,
// is no whole line, even where an end of line is among it.
func readLines(file io.Reader, line func(e Entry, retry bool) bool) (h JournalHeader, end int64, err error) {
	in := bufio.NewReaderSize(file, maxLine)
	var damaged error // of the first line that is none
	for number := 1; ; number++ {
		text, err := readLine(in)
		switch {
		case errors.Is(err, io.EOF):
			return h, end, nil // what is left was cut off while it was written
		case err != nil && !errors.Is(err, errLineTooLong):
			return h, end, err
		case number == 1:
			if h, err = decodeHeader(text); err != nil {
				return h, end, err
			}
			end = int64(len(text))
			continue
		}
		e, retry, wrong := decodeLine(bytes.TrimSuffix(text, []byte("\n")))
		_, noJSON := errors.AsType[*json.SyntaxError](wrong)
		if wrong = cmp.Or(err, wrong); wrong != nil {
			wrong = fmt.Errorf("%w: line %d: %w", ErrJournal, number, wrong)
		}
		switch {
		case noJSON || err != nil:
			damaged = cmp.Or(damaged, wrong)
			continue
		case damaged != nil || wrong != nil:
			return h, end, cmp.Or(damaged, wrong)
		}
		end += int64(len(text))
		if !line(e, retry) {
			return h, end, nil
		}
	}
}

var errLineTooLong = fmt.Errorf("longer than %d bytes", maxLine)

// readLine reads a line with its end. The text is valid until the next is read; that
// of a line over the limit, which is an errLineTooLong, is passed over.
func readLine(in *bufio.Reader) ([]byte, error) {
	text, err := in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	return nil, cmp.Or(err, errLineTooLong)
}
