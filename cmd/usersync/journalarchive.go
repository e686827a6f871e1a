package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/usersync/usersync/upsert"
)

// The reasons to replace a journal. One without users is deleted, not renamed.
const (
	noUsers     = "without users"
	finishedRun = "of a finished run"
)

// countRecorded is the number of users in a journal, -1 if it cannot be read.
func countRecorded(path string) int {
	entries, err := upsert.ReadJournal(path)
	if err != nil {
		return -1
	}
	return len(entries)
}

// checkUnfinished marks default journals for archiving if all runs are finished. It returns
// an error if a journal contains users of an unfinished run that is not resumed.
func (run *upsertRun) checkUnfinished(rows int) error {
	if run.options.resume {
		return nil
	}
	unfinished, finished := "", run.options.journal == ""
	for _, t := range run.targets {
		switch {
		case t.journal != nil && t.recordedUsers() > 0:
			unfinished = t.journalPath
			finished = finished && t.recordedUsers() >= rows
		case t.journal != nil && !t.createdJournal, t.replaceReason == noUsers:
			finished = false
		}
	}
	switch {
	case unfinished == "":
		return nil
	case !finished:
		return fmt.Errorf("journal %s of an earlier run exists: use --resume to continue, --retry-failed to also retry failed users, or delete it to start over", unfinished)
	}
	for _, t := range run.targets {
		if t.journal != nil && t.recordedUsers() > 0 {
			t.replaceReason = finishedRun
		}
	}
	return nil
}

// replaceJournal renames a journal to a name that is free, and creates a new one.
func (t *target) replaceJournal() (err error) {
	old := t.journalPath + ".old"
	for n := 2; !notExist(old); n++ {
		old = fmt.Sprintf("%s.old%d", t.journalPath, n)
	}
	if t.replaceReason == noUsers {
		err = os.Remove(t.journalPath)
	} else {
		err = t.archiveJournal(old)
		t.notes = append(t.notes, fmt.Sprintf("renamed journal %s to %s", t.replaceReason, old))
	}
	if err != nil {
		return err
	}
	t.createdJournal = true
	t.journal, err = upsert.OpenJournal(t.journalPath, t.header)
	return err
}

// archiveJournal renames the journal while it is locked, if the system allows that.
func (t *target) archiveJournal(old string) error {
	if t.journal == nil {
		return os.Rename(t.journalPath, old)
	}
	if runtime.GOOS == "windows" { // open files cannot be renamed there
		return errors.Join(t.journal.Close(), os.Rename(t.journalPath, old))
	}
	return errors.Join(os.Rename(t.journalPath, old), t.journal.Close())
}

func notExist(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}
