package upsert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// What the errors of journals match with errors.Is. All of them match ErrJournal.
var (
	// ErrJournal: the journal cannot be read or written.
	ErrJournal = errors.New("journal")
	// ErrJournalMismatch: the journal is of another provider or input, or of a
	// later release.
	ErrJournalMismatch = fmt.Errorf("%w of another run", ErrJournal)
	// ErrJournalInput: of another input, and of this provider. It also matches
	// ErrJournalMismatch.
	ErrJournalInput = fmt.Errorf("%w", ErrJournalMismatch)
	// ErrJournalInUse: another run has the journal open.
	ErrJournalInUse = fmt.Errorf("%w in use by another run", ErrJournal)
)

// Journal records on disk what became of each user of a run, so that a run that
// was interrupted, or killed, goes on where it stopped:
//
//	journal, err := upsert.OpenJournal("users.csv.journal", upsert.JournalHeader{Provider: "partoo", Input: fingerprint})
//	if err != nil {
//		return err
//	}
//	defer journal.Close()
//	for item := range upsert.All(ctx, users, client.UpsertUser, upsert.WithKey(email), upsert.WithJournal(journal)) {
//		…
//	}
//	return errors.Join(ctx.Err(), journal.Close())
//
// The file is JSON lines: a header, then a line for each user with its place in
// the input, its key, and the id and outcome or the error's text. It is readable by
// its owner alone and holds no other field of the user; the clients' errors are
// free of keys and passwords, and what other functions put into an error stands
// in the file.
//
// Each line is written in one piece before the result is handed out, so that a
// process that is killed loses the upserts in flight and nothing else: they are
// upserted again, which is safe. After a power failure those of the last second
// or the last 256 may be gone too. A last line that was cut off is dropped, and so
// is what is no JSON at the end of the file. An upsert whose error matches
// context.Canceled is not recorded: it is nobody's failure.
//
// The journal takes 8 bytes of memory for each user on record. Its methods may be
// called at any time, from several goroutines.
type Journal struct {
	mu            sync.Mutex
	file          *os.File // nil: closed
	state         journalState
	pendingWrites int         // entries written since the last sync began
	timer         *time.Timer // syncs what is dirty
	err           error       // the first failure: nothing is written after it

	syncing sync.Mutex // held during a sync; taken before mu
}

// JournalCounts says how many users a journal has on record.
type JournalCounts struct {
	Created, Updated, Unchanged int
	// Done counts upserts whose result holds no [Result].
	Done int
	// Failed counts the users whose last upsert failed.
	Failed int
}

// OpenJournal opens the journal at path, or creates one. The error matches
// ErrJournalMismatch when the journal there is of another provider or input (then
// ErrJournalInput too), or of a later release; ErrJournalInUse when another run has it open (told on Linux,
// macOS, the BSDs, illumos and Windows); ErrJournal, with the line's number, when
// a line cannot be read that is not at the end, or the file is something else. Such
// files are left as they are.
func OpenJournal(path string, h JournalHeader) (*Journal, error) {
	j, err := openJournal(path, h)
	if err != nil {
		return nil, fmt.Errorf("upsert: open journal %s: %w", path, err)
	}
	return j, nil
}

func openJournal(path string, h JournalHeader) (*Journal, error) {
	switch {
	case h.Provider == "":
		return nil, fmt.Errorf("%w: Provider is required", ErrJournal)
	case h.Input == "":
		return nil, fmt.Errorf("%w: Input is required", ErrJournal)
	}
	header, err := h.encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if len(header) > maxLine {
		return nil, fmt.Errorf("%w: Provider and Input take %d bytes, at most %d are allowed", ErrJournal, len(header), maxLine)
	}
	file, err := openLocked(path)
	if err != nil {
		return nil, err
	}
	j := &Journal{file: file, state: newJournalSet()}
	if err := j.load(h, header); err != nil {
		file.Close()
		return nil, err
	}
	return j, nil
}

// load reads what is there, drops a last line that was cut off, and leaves the file
// ready for the next.
func (j *Journal) load(h JournalHeader, header []byte) error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", ErrJournal)
	}
	found, end, err := readLines(j.file, func(e Entry, retry bool) bool {
		if retry {
			j.state.dropFailed()
		} else {
			j.state.add(e)
		}
		return true
	})
	if err != nil {
		return err
	}
	if end == 0 {
		return j.create(header, info.Size())
	}
	if err := h.check(found); err != nil {
		return err
	}
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	_, err = j.file.Seek(end, io.SeekStart)
	return err
}

func (h JournalHeader) check(found JournalHeader) error {
	if found.Provider != h.Provider {
		return fmt.Errorf("%w: its provider is %q, not %q", ErrJournalMismatch, found.Provider, h.Provider)
	}
	if found.Input != h.Input {
		return fmt.Errorf("%w: its input is %q, not %q", ErrJournalInput, found.Input, h.Input)
	}
	return nil
}

// create writes the header of a file that is empty, or holds the beginning of this
// header: anything else is not ours to overwrite.
func (j *Journal) create(header []byte, size int64) error {
	if size > int64(len(header)) {
		return fmt.Errorf("%w: line 1 is not the header of a journal", ErrJournal)
	}
	start := make([]byte, size)
	if _, err := j.file.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.HasPrefix(header, start) {
		return fmt.Errorf("%w: line 1 is not the header of a journal", ErrJournal)
	}
	if _, err := j.file.WriteAt(header, 0); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	// The file's name is on disk when its directory is. Not every system can do that.
	if dir, err := os.Open(filepath.Dir(j.file.Name())); err == nil {
		dir.Sync()
		dir.Close()
	}
	_, err := j.file.Seek(int64(len(header)), io.SeekStart)
	return err
}

// Counts tells what is on record, from this run and those before it.
func (j *Journal) Counts() JournalCounts {
	j.mu.Lock()
	defer j.mu.Unlock()
	count := &j.state.count
	return JournalCounts{
		Created:   count[Created],
		Updated:   count[Updated],
		Unchanged: count[Unchanged],
		Done:      count[stateDone],
		Failed:    count[stateFailed],
	}
}

// RetryFailed takes off the record the users that failed, so that the next run
// upserts them again, and with them the later users of the same key, so that the
// last one wins again. The journal keeps that: it also holds for a run resumed later.
func (j *Journal) RetryFailed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state.count[stateFailed] == 0 {
		return j.err
	}
	if err := j.write([]byte("{\"retry\":true}\n")); err != nil {
		return err
	}
	j.state.dropFailed()
	return nil
}

// has reports whether the user at this place in the input, with this key, is on record.
func (j *Journal) has(index int, key string) bool {
	key = journalKey(key)
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state.has(index, key)
}
