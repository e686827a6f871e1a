package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/upsert"
)

// The reasons to replace a journal. One without users is deleted, not renamed.
const (
	noUsers     = "without users"
	finishedRun = "of a finished run"
	anotherFile = "of another file"
)

// hasDefaultJournal reports whether the run has a journal without --journal: not with
// fakes, which are in memory, and only if the input can be read again.
func (o options) hasDefaultJournal() bool { return !o.fake && !o.dryRun && o.isRegularFile() }

// findJournal sets the path of the provider's journal, empty for none.
func (t *target) findJournal(o options) {
	switch {
	case o.journal == "" && o.hasDefaultJournal():
		t.journalPath = o.file + "." + t.name + ".journal"
	case o.journal != "" && len(o.providers) > 1:
		t.journalPath = o.journal + "." + t.name
	default:
		t.journalPath = o.journal
	}
	t.createdJournal = t.journalPath != "" && notExist(t.journalPath)
}

// openJournals opens the journals, all or none. It changes no existing journal before all
// of them are known to be usable.
func (run *upsertRun) openJournals(in input) error {
	missing := 0
	for _, t := range run.targets {
		if t.findJournal(run.options); t.createdJournal {
			missing++
		}
	}
	if run.options.resume && missing == len(run.targets) {
		return fmt.Errorf("nothing to resume: journal %s does not exist", run.targets[missing-1].journalPath)
	}
	for _, t := range run.targets {
		if err := t.openJournal(run.options, in); err != nil {
			return err
		}
	}
	if err := run.checkUnfinished(len(in.Rows)); err != nil {
		return err
	}
	for _, t := range run.targets {
		if err := t.startJournal(run.options, run.report); err != nil {
			return err
		}
	}
	return nil
}

// openJournal opens the journal of the provider, or finds a reason to replace it.
func (t *target) openJournal(o options, in input) (err error) {
	path := t.journalPath
	switch {
	case path == "":
		return nil
	case o.isInput(path):
		return fmt.Errorf("--journal %s: is the input file", userfile.Printable(path))
	}
	t.header = upsert.JournalHeader{Provider: t.name + " at " + t.accountID(t.config), Input: "sha256:" + in.Sum}
	t.journal, err = upsert.OpenJournal(path, t.header)
	if errors.Is(err, upsert.ErrJournalInput) && o.resume { // with a corrected file
		t.journal, err = upsert.OpenJournal(path, upsert.JournalHeader{Provider: t.header.Provider})
	}
	if err == nil {
		return nil
	}
	recorded, readErr := upsert.ReadJournal(path)
	mayReplace := o.journal == "" && !o.resume
	switch {
	case errors.Is(err, upsert.ErrJournalInput) && mayReplace:
		t.replaceReason = anotherFile
	case errors.Is(err, upsert.ErrJournalMismatch) && readErr == nil && len(recorded) == 0:
		t.replaceReason = noUsers
	case errors.Is(err, upsert.ErrJournalMismatch) && mayReplace && readErr == nil && len(recorded) >= len(in.Rows):
		t.replaceReason = finishedRun // with another key or at another host
	case errors.Is(err, upsert.ErrJournalInUse):
		return err
	case errors.Is(err, upsert.ErrJournalInput):
		return fmt.Errorf("%w: FILE is different or has changed; use --resume to send what is new or changed, or another --journal", err)
	case errors.Is(err, upsert.ErrJournalMismatch) && o.journal == "":
		return fmt.Errorf("%w: API key or host is different; rename the journal to start over", err)
	default:
		return fmt.Errorf("%w; use another --journal", err)
	}
	return nil
}

// checkUnfinished marks default journals for archiving if all runs are finished. It returns
// an error if a journal contains users of an unfinished run that is not resumed.
func (run *upsertRun) checkUnfinished(rows int) error {
	if run.options.resume {
		return nil
	}
	unfinished, finished := "", run.options.journal == ""
	for _, t := range run.targets {
		switch n := t.recordedUsers(); {
		case n > 0:
			unfinished = t.journalPath
			finished = finished && n >= rows
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
		if t.recordedUsers() > 0 {
			t.replaceReason = finishedRun
		}
	}
	return nil
}

// recordedUsers is the number of users that the open journal contains.
func (t *target) recordedUsers() int {
	if t.journal == nil {
		return 0
	}
	return t.journal.Len()
}

// startJournal prepares the journal for writing.
func (t *target) startJournal(o options, r *report) error {
	if t.journalPath == "" {
		return nil
	}
	if t.replaceReason != "" {
		if err := t.replaceJournal(); err != nil {
			return fmt.Errorf("replacing the journal %s: %w", t.replaceReason, err)
		}
	}
	if t.createdJournal && o.resume {
		t.notes = append(t.notes, t.name+": no journal of an earlier run; starting over")
	}
	if !o.quiet {
		t.notes = append(t.notes, "journal "+t.journalPath)
	}
	if o.retryFailed {
		if err := t.journal.RetryFailed(); err != nil {
			return err
		}
	}
	return t.loadEarlierResults(r)
}

// replaceJournal renames a journal to a name that is free, and creates a new one.
func (t *target) replaceJournal() (err error) {
	if t.replaceReason == noUsers {
		err = os.Remove(t.journalPath)
	} else {
		old := t.journalPath + ".old"
		for n := 2; !notExist(old); n++ {
			old = fmt.Sprintf("%s.old%d", t.journalPath, n)
		}
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

// loadEarlierResults matches the journal with the rows of the file. A row is done if it
// has the key and the content of an entry.
func (t *target) loadEarlierResults(r *report) error {
	entries, err := upsert.ReadJournal(t.journalPath)
	if err != nil || len(entries) == 0 {
		return err
	}
	byKey := make(map[string]upsert.Entry)
	for _, e := range entries {
		byKey[e.Key] = e
	}
	for i, row := range r.rows {
		u, _, _ := t.readUser(row)
		key := journalKey(u)
		e, ok := byKey[key]
		delete(byKey, key)
		if !ok || e.Content != t.content(u) {
			continue
		}
		t.tally.earlier++
		if e.Error != "" {
			line := r.userLine(t.name, result{line: row.Line, user: key, err: errors.New(e.Error)}) + " (in an earlier run)"
			t.tally.failures[i] = failure{line, e.Error}
		}
	}
	if len(byKey) > 0 {
		keys := strings.Join(slices.Sorted(maps.Keys(byKey)), ", ")
		t.notes = append(t.notes, fmt.Sprintf("%s: %s of the journal not in the file: %s", t.name, userfile.Plural(len(byKey), "user"), userfile.Printable(keys)))
	}
	return nil
}

// closeJournals closes the journals to keep and deletes the others.
func (run *upsertRun) closeJournals(keep func(*target) bool) error {
	var failures []error
	for _, t := range run.targets {
		switch {
		case t.journal == nil:
		case keep(t):
			failures = append(failures, t.journal.Close())
		default:
			failures = append(failures, t.journal.Remove())
		}
	}
	return errors.Join(failures...)
}
