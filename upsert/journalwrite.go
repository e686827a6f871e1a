package upsert

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

// What is recorded reaches the disk, and not only the operating system, after
// this many entries or this long.
const (
	syncEntries = 256
	syncDelay   = time.Second
)

// record appends an entry.
func (j *Journal) record(e Entry) error {
	text, err := e.encode()
	if err != nil {
		return fmt.Errorf("upsert: %w: %w", ErrJournal, err)
	}
	full, err := j.append(e, text)
	if full {
		j.sync()
	}
	return err
}

// append writes an entry and reports whether it is time for a sync.
func (j *Journal) append(e Entry, text []byte) (full bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.write(text); err != nil {
		return false, err
	}
	j.state.add(e)
	return j.pendingWrites == syncEntries, nil
}

// write appends a line in one piece. j.mu is held.
func (j *Journal) write(text []byte) error {
	if j.err != nil {
		return j.err
	}
	if j.file == nil {
		return fmt.Errorf("upsert: %w is closed", ErrJournal)
	}
	if _, err := j.file.Write(text); err != nil {
		return j.setErr(err)
	}
	j.pendingWrites++
	switch {
	case j.pendingWrites > 1:
	case j.timer == nil:
		j.timer = time.AfterFunc(syncDelay, j.sync)
	default:
		j.timer.Reset(syncDelay)
	}
	return nil
}

// sync brings to the disk what has been written. Others go on writing meanwhile.
func (j *Journal) sync() {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	file, dirty := j.file, j.pendingWrites
	j.pendingWrites = 0
	j.mu.Unlock()
	if file == nil || dirty == 0 {
		return
	}
	err := file.Sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.setErr(err)
}

// setErr keeps the first error. j.mu is held.
func (j *Journal) setErr(err error) error {
	if err != nil && j.err == nil {
		j.err = fmt.Errorf("upsert: %w: %w", ErrJournal, err)
	}
	return j.err
}

// Close writes what is recorded to the disk and closes the file. It returns the first
// error the journal has met: nil says that everything is on record. Later calls
// return the same.
func (j *Journal) Close() error {
	j.sync()
	j.syncing.Lock()
	defer j.syncing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return j.err
	}
	if j.timer != nil {
		j.timer.Stop()
	}
	j.setErr(j.file.Close())
	j.file = nil
	return j.err
}

// Remove closes the journal of a run that is not to be gone on with, and removes its
// file: while it is locked, where the system can do that, so that it is nobody else's.
// A file that has taken its place is left alone, which is an error that matches
// ErrJournal.
func (j *Journal) Remove() error {
	j.mu.Lock()
	file := j.file
	j.mu.Unlock()
	if file == nil {
		return fmt.Errorf("upsert: remove journal: %w is closed", ErrJournal)
	}
	if !isCurrentFile(file) {
		return errors.Join(fmt.Errorf("upsert: remove journal: %w: another file is at %s", ErrJournal, file.Name()), j.Close())
	}
	if runtime.GOOS == "windows" { // which keeps open files
		return errors.Join(j.Close(), os.Remove(file.Name()))
	}
	return errors.Join(os.Remove(file.Name()), j.Close())
}

// isCurrentFile reports whether a file is still the one at its path.
func isCurrentFile(file *os.File) bool {
	is, err := file.Stat()
	there, wrong := os.Stat(file.Name())
	return err == nil && wrong == nil && os.SameFile(is, there)
}
