package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/usersync/usersync/upsert"
)

// replaceEmpty is a journal without users, which needs not be kept.
const replaceEmpty = "of nobody"

func isEmptyJournal(path string) bool { return countRecorded(path) == 0 }

// countRecorded is how many users a journal has on record, -1 when it cannot be read.
func countRecorded(path string) int {
	entries, err := upsert.ReadJournal(path)
	if err != nil {
		return -1
	}
	return len(entries)
}

// checkUnfinished has a run that is over begun anew, if nobody asked for its journals, and
// refuses to begin one anew of which somebody is left: unless that is gone on with.
func (run *upsertRun) checkUnfinished(rows int) error {
	if run.options.resume {
		return nil
	}
	begun, over := "", run.options.journal == ""
	for _, t := range run.targets {
		switch {
		case t.journal != nil && t.recordedUsers() > 0:
			begun = t.journalPath
			over = over && t.recordedUsers() >= rows
		case t.journal != nil && !t.createdJournal, t.replaceReason == replaceEmpty:
			over = false
		}
	}
	switch {
	case begun == "":
		return nil
	case !over:
		return fmt.Errorf("there is a journal of an earlier run, %s: --resume goes on with that run, --retry-failed also upserts its failed users again; without the journal a run begins anew", begun)
	}
	for _, t := range run.targets {
		if t.journal != nil && t.recordedUsers() > 0 {
			t.replaceReason = "of a run that is over"
		}
	}
	return nil
}

// replaceJournal sets aside a journal that nobody goes on with, under a name that is
// free, or removes it when nobody is in it.
func (t *target) replaceJournal() error {
	if t.replaceReason == replaceEmpty {
		if err := os.Remove(t.journalPath); err != nil {
			return err
		}
	} else {
		old := t.journalPath + ".old"
		for n := 2; !notExist(old); n++ {
			old = fmt.Sprintf("%s.old%d", t.journalPath, n)
		}
		if err := t.archiveJournal(old); err != nil {
			return err
		}
		t.notes = append(t.notes, fmt.Sprintf("the journal %s is now %s", t.replaceReason, old))
	}
	var err error
	t.createdJournal = true
	t.journal, err = upsert.OpenJournal(t.journalPath, t.header)
	return err
}

// archiveJournal renames the journal while it is locked, where the system can do that.
func (t *target) archiveJournal(old string) error {
	if t.journal == nil {
		return os.Rename(t.journalPath, old)
	}
	if runtime.GOOS == "windows" { // which keeps open files
		return errors.Join(t.journal.Close(), os.Rename(t.journalPath, old))
	}
	return errors.Join(os.Rename(t.journalPath, old), t.journal.Close())
}

func notExist(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}
