package upsert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Errors of journals. All match ErrJournal.
var (
	// ErrJournal: the journal cannot be read or written.
	ErrJournal = errors.New("journal")
	// ErrJournalMismatch: the journal belongs to another provider or input, or has
	// another format version.
	ErrJournalMismatch = fmt.Errorf("%w of another run", ErrJournal)
	// ErrJournalInput: the journal belongs to another input of the same provider.
	// It also matches ErrJournalMismatch.
	ErrJournalInput = fmt.Errorf("%w", ErrJournalMismatch)
	// ErrJournalInUse: another run has opened the journal.
	ErrJournalInUse = fmt.Errorf("%w in use by another run", ErrJournal)
)

// syncDelay is the longest time between writing an entry and syncing the file.
const syncDelay = time.Second

// Journal records the result of each user of a run in a file. A run that was
// interrupted or killed can then continue where it stopped:
//
//	journal, err := upsert.OpenJournal("users.csv.journal", upsert.JournalHeader{Provider: "partoo", Input: fingerprint})
//	if err != nil {
//		return err
//	}
//	var incomplete error
//	for item := range upsert.All(ctx, users, client.UpsertUser, upsert.WithKey(key), upsert.WithJournal(journal)) {
//		if errors.Is(item.Err, upsert.ErrIncomplete) {
//			incomplete = item.Err
//		}
//	}
//	return errors.Join(incomplete, journal.Close())
//
// With [WithContent] the input may have changed meanwhile.
//
// The file contains JSON lines: a header, then an [Entry] for each user. Only the
// file's owner can read it. It contains no other field of the user. Errors of the
// clients contain no keys or passwords; errors of other functions are recorded as they
// are.
//
// Each line is written by one system call before the result is yielded. If the
// process is killed, only the users in flight are not recorded; the next run upserts
// them again, which is safe. A power failure may also remove the entries of the last
// second. An incomplete last line and invalid JSON at the end of the file are
// removed when the journal is opened. Users that were not sent are not recorded,
// and neither are upserts whose error matches context.Canceled.
//
// A journal keeps its entries in memory. Its methods are safe for concurrent use.
type Journal struct {
	hasInput bool // the header has an Input

	mu    sync.Mutex
	file  *os.File // nil: closed
	users recordedUsers
	timer *time.Timer // of the next sync; nil: everything is synced
	err   error       // the first failure: nothing is written after it
}

// OpenJournal opens or creates the journal at path. The error matches
//   - ErrJournalMismatch if the journal belongs to another provider or input (then
//     also ErrJournalInput) or has another format version,
//   - ErrJournalInUse if another run has opened the journal (detected on Linux,
//     macOS, the BSDs, illumos and Windows),
//   - ErrJournal if the file is not a journal, or a line that is not at the end is
//     invalid; the error contains the line number.
//
// After an error the file is unchanged.
func OpenJournal(path string, h JournalHeader) (*Journal, error) {
	j, err := openJournal(path, h)
	if err != nil {
		return nil, fmt.Errorf("upsert: open journal %s: %w", path, err)
	}
	return j, nil
}

func openJournal(path string, h JournalHeader) (*Journal, error) {
	if h.Provider == "" {
		return nil, fmt.Errorf("%w: Provider is required", ErrJournal)
	}
	file, err := openLocked(path)
	if err != nil {
		return nil, err
	}
	j := &Journal{hasInput: h.Input != "", file: file}
	if err := j.load(h); err != nil {
		closeLocked(file)
		return nil, err
	}
	return j, nil
}

// load reads the entries, truncates the file after the last complete line, and moves
// to its end.
func (j *Journal) load(h JournalHeader) error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", ErrJournal)
	}
	found, users, end, err := readJournal(j.file)
	if err == nil && end > 0 {
		err = h.check(found)
	}
	if err != nil {
		return err
	}
	j.users = users
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	if _, err := j.file.Seek(end, io.SeekStart); err != nil || end > 0 {
		return err
	}
	return j.writeHeader(h)
}

func (j *Journal) writeHeader(h JournalHeader) error {
	if _, err := j.file.Write(h.encode()); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	// A new file survives a power failure only if its directory is synced, which not
	// every system supports.
	if dir, err := os.Open(filepath.Dir(j.file.Name())); err == nil {
		dir.Sync()
		dir.Close()
	}
	return nil
}

// Len returns the number of recorded users, those of earlier runs included.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.users)
}

// RetryFailed marks the failed users for retry, so that the next run upserts them
// again. Later users with the same key are also upserted again: the last one wins.
// The mark is recorded in the file.
func (j *Journal) RetryFailed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.write(map[string]bool{"retry": true}); err != nil {
		return err
	}
	j.users.dropFailed()
	return nil
}

// has reports whether this user of the input is recorded.
func (j *Journal) has(user Entry) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, ok := j.users[user.id()]
	return ok && e.Key == user.Key && e.Content == user.Content
}

// record appends an entry.
func (j *Journal) record(e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.write(e); err != nil {
		return err
	}
	j.users[e.id()] = e
	return nil
}

// write appends a line with one system call. The caller holds j.mu.
func (j *Journal) write(line any) error {
	switch {
	case j.err != nil:
		return j.err
	case j.file == nil:
		return fmt.Errorf("upsert: %w is closed", ErrJournal)
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = j.file.Write(append(text, '\n'))
	}
	if j.setErr(err) == nil && j.timer == nil {
		j.timer = time.AfterFunc(syncDelay, j.sync)
	}
	return j.err
}

// sync writes the file to the disk.
func (j *Journal) sync() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.timer = nil
	if j.file != nil {
		j.setErr(j.file.Sync())
	}
}

// setErr keeps the first error and returns it. The caller holds j.mu.
func (j *Journal) setErr(err error) error {
	if err != nil && j.err == nil {
		j.err = fmt.Errorf("upsert: %w: %w", ErrJournal, err)
	}
	return j.err
}

// Close syncs and closes the file. It returns the first error of the journal; nil
// means that all results were recorded. Later calls return the same.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return j.err
	}
	if j.timer != nil {
		j.timer.Stop()
		j.setErr(j.file.Sync())
	}
	j.setErr(closeLocked(j.file))
	j.file = nil
	return j.err
}

// Remove closes the journal and deletes its file, on Unix before the lock is
// released. If another file has replaced it, that file stays, and the error matches
// ErrJournal.
func (j *Journal) Remove() error {
	j.mu.Lock()
	file := j.file
	j.mu.Unlock()
	switch {
	case file == nil:
		return fmt.Errorf("upsert: remove journal: %w is closed", ErrJournal)
	case !isCurrentFile(file):
		return errors.Join(fmt.Errorf("upsert: remove journal: %w: another file is at %s", ErrJournal, file.Name()), j.Close())
	case runtime.GOOS == "windows": // cannot delete open files
		return errors.Join(j.Close(), os.Remove(file.Name()))
	}
	return errors.Join(os.Remove(file.Name()), j.Close())
}

// isCurrentFile reports whether the file is still the one at its path.
func isCurrentFile(file *os.File) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(file.Name())
	return err == nil && os.SameFile(opened, current)
}
