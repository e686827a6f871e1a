package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/usersync/usersync/upsert"
)

// hasDefaultJournal reports whether a run keeps a journal unasked: not with fakes,
// which forget, nor where there is no file to begin from again.
func (o options) hasDefaultJournal() bool {
	if o.fake || o.dryRun || o.file == "-" || strings.HasPrefix(o.file, "/dev/") {
		return false
	}
	info, err := os.Stat(o.file)
	return err != nil || info.Mode().IsRegular() // what is wrong with the file is told when it is opened
}

// journalPath is where the journal of a provider's run is, empty for none.
func (o options) journalPath(provider string) string {
	switch {
	case o.journal == "" && o.hasDefaultJournal():
		return o.file + "." + provider + ".journal"
	case o.journal != "" && len(o.providers) > 1:
		return o.journal + "." + provider
	}
	return o.journal
}

// checkJournalsExist refuses to go on with runs of which there is no journal at all. One
// provider's may be missing: that one was done.
func (run *upsertRun) checkJournalsExist() error {
	if !run.options.resume {
		return nil
	}
	var missing string
	for _, t := range run.targets {
		path := run.options.journalPath(t.name)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		missing = path
		if _, err := os.Stat(path + "." + t.name); err == nil {
			missing += fmt.Sprintf(" (but %s.%[2]s)", path, t.name)
		}
	}
	return fmt.Errorf("nothing to resume: there is no journal %s", missing)
}

// openJournals opens the journals, all or none. Nothing that is there is touched
// before all of it is known to be fit.
func (run *upsertRun) openJournals(is inputSummary, in *input) error {
	if err := run.checkJournalsExist(); err != nil {
		return err
	}
	for _, t := range run.targets {
		if err := t.openJournal(run.options, is, in); err != nil {
			return err
		}
	}
	if err := run.checkUnfinished(is.rows); err != nil {
		return err
	}
	for _, t := range run.targets {
		if err := t.startJournal(run.options); err != nil {
			return err
		}
	}
	return nil
}

// openJournal opens the journal of a run over the input, or finds that the one there
// is to be replaced.
func (t *target) openJournal(o options, is inputSummary, in *input) error {
	path := o.journalPath(t.name)
	if path == "" {
		return nil
	}
	there, err := os.Stat(path)
	if err == nil && os.SameFile(there, in.openedInfo) {
		return fmt.Errorf("--journal %s is the input itself", printable(path))
	}
	t.createdJournal = errors.Is(err, fs.ErrNotExist)
	t.journalPath = path
	t.header = upsert.JournalHeader{Provider: t.name + " at " + t.accountID, Input: "sha256:" + is.sum}
	t.journal, err = upsert.OpenJournal(path, t.header)
	switch {
	case errors.Is(err, upsert.ErrJournalMismatch) && isEmptyJournal(path):
		t.replaceReason = replaceEmpty
	case errors.Is(err, upsert.ErrJournalInput) && o.journal == "" && !o.resume:
		t.replaceReason = "of a run over another file"
	case errors.Is(err, upsert.ErrJournalMismatch) && o.journal == "" && !o.resume && countRecorded(path) >= is.rows:
		t.replaceReason = "of a run that is over" // with another key since, or at another address
	case err != nil:
		return fmt.Errorf("%w%s", err, journalHint(err, o))
	}
	return nil
}

// startJournal makes the journal ready to be written.
func (t *target) startJournal(o options) error {
	if t.journalPath == "" {
		return nil
	}
	if t.replaceReason != "" {
		if err := t.replaceJournal(); err != nil {
			return fmt.Errorf("replacing the journal %s: %w", t.replaceReason, err)
		}
	}
	if t.createdJournal && o.resume {
		t.notes = append(t.notes, fmt.Sprintf("%s: there is no journal of an earlier run, this one begins anew", t.name))
	}
	if !o.quiet {
		t.notes = append(t.notes, "journal "+t.journalPath)
	}
	if o.retryFailed {
		if err := t.journal.RetryFailed(); err != nil {
			return err
		}
	}
	return t.loadEarlierResults()
}

// recordedUsers is how many users the journal has on record.
func (t *target) recordedUsers() int {
	c := t.journal.Counts()
	return c.Created + c.Updated + c.Unchanged + c.Done + c.Failed
}

// journalHint is what to do about a journal that cannot be used.
func journalHint(err error, o options) string {
	switch {
	case errors.Is(err, upsert.ErrJournalInUse):
		return ""
	case errors.Is(err, upsert.ErrJournalInput) && o.resume && o.journal == "":
		return "; without --resume, a run begins anew"
	case errors.Is(err, upsert.ErrJournalInput):
		return " (FILE is another, or has changed since); give another file with --journal"
	case errors.Is(err, upsert.ErrJournalMismatch) && o.journal == "":
		return " (the key or the address is another): to begin anew, move that journal away"
	}
	return "; give another file with --journal"
}

// loadEarlierResults takes from the journal what earlier runs have done.
func (t *target) loadEarlierResults() error {
	t.tally.earlier = t.journal.Counts()
	if t.tally.earlier.Failed == 0 {
		return nil
	}
	entries, err := upsert.ReadJournal(t.journalPath)
	for _, entry := range entries {
		if entry.Error != "" && len(t.failedEarlier) < maxListed {
			t.failedEarlier[entry.Index] = entry
		}
	}
	return err
}

// closeJournals makes sure that everything is on record, or removes the journals
// that nobody asked for when nobody needs them: all are done, or nobody is on record.
func (run *upsertRun) closeJournals(needed bool) error {
	var failures []error
	for _, t := range run.targets {
		switch {
		case t.journal == nil:
		case !needed && run.options.journal == "":
			failures = append(failures, t.journal.Remove())
		default:
			failures = append(failures, t.journal.Close())
		}
	}
	return errors.Join(failures...)
}

// discardNewJournals closes the journals of a run that cannot begin, and removes those
// that it created.
func (run *upsertRun) discardNewJournals() error {
	var failures []error
	for _, t := range run.targets {
		switch {
		case t.journal == nil:
		case t.createdJournal:
			failures = append(failures, t.journal.Remove())
		default:
			failures = append(failures, t.journal.Close())
		}
	}
	return errors.Join(failures...)
}
