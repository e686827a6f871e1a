package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/upsert"
)

// hasDefaultJournal reports whether the run has a journal without --journal: not with
// fakes, which are in memory, and only if the input can be read again.
func (o options) hasDefaultJournal() bool { return !o.fake && !o.dryRun && o.isRegularFile() }

// journalPath is the path of a provider's journal, empty for none.
func (o options) journalPath(provider string) string {
	switch {
	case o.journal == "" && o.hasDefaultJournal():
		return o.file + "." + provider + ".journal"
	case o.journal != "" && len(o.providers) > 1:
		return o.journal + "." + provider
	}
	return o.journal
}

// openJournals opens the journals, all or none. It changes no existing journal before all
// of them are known to be usable.
func (run *upsertRun) openJournals(in input) error {
	missing := ""
	for _, t := range run.targets {
		if err := t.openJournal(run.options, in); err != nil {
			return err
		}
		if t.createdJournal {
			missing = t.journalPath
		}
	}
	if run.options.resume && !slices.ContainsFunc(run.targets, func(t *target) bool { return !t.createdJournal }) {
		return fmt.Errorf("nothing to resume: journal %s does not exist", missing)
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
func (t *target) openJournal(o options, in input) error {
	path := o.journalPath(t.name)
	if path == "" {
		return nil
	}
	if o.isInput(path) {
		return fmt.Errorf("--journal %s: is the input file", userfile.Printable(path))
	}
	_, err := os.Stat(path)
	t.createdJournal = errors.Is(err, fs.ErrNotExist)
	t.journalPath = path
	t.header = upsert.JournalHeader{Provider: t.name + " at " + t.accountID, Input: "sha256:" + in.Sum}
	t.journal, err = upsert.OpenJournal(path, t.header)
	if errors.Is(err, upsert.ErrJournalInput) && o.resume { // with a corrected file
		t.journal, err = upsert.OpenJournal(path, upsert.JournalHeader{Provider: t.header.Provider})
	}
	switch {
	case errors.Is(err, upsert.ErrJournalInput) && o.journal == "" && !o.resume:
		t.replaceReason = "of another file"
	case errors.Is(err, upsert.ErrJournalMismatch) && countRecorded(path) == 0:
		t.replaceReason = noUsers
	case errors.Is(err, upsert.ErrJournalMismatch) && o.journal == "" && !o.resume && countRecorded(path) >= len(in.Rows):
		t.replaceReason = finishedRun // with another key or at another host
	case err != nil:
		return fmt.Errorf("%w%s", err, journalHint(err, o))
	}
	return nil
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
		t.notes = append(t.notes, fmt.Sprintf("%s: no journal of an earlier run; starting over", t.name))
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

// recordedUsers is the number of users that the journal contains.
func (t *target) recordedUsers() int {
	c := t.journal.Counts()
	return c.Created + c.Updated + c.Unchanged + c.Done + c.Failed
}

// journalHint is what to do about a journal that cannot be used.
func journalHint(err error, o options) string {
	switch {
	case errors.Is(err, upsert.ErrJournalInUse):
		return ""
	case errors.Is(err, upsert.ErrJournalInput):
		return ": FILE is different or has changed; use --resume to send what is new or changed, or another --journal"
	case errors.Is(err, upsert.ErrJournalMismatch) && o.journal == "":
		return ": API key or host is different; rename the journal to start over"
	}
	return "; use another --journal"
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
		key, content := t.sender.identify(row)
		e, ok := byKey[key]
		delete(byKey, key)
		if !ok || e.Content != content {
			continue
		}
		t.tally.earlier++
		if e.Error != "" {
			line := r.userLine(t.name, result{line: row.Line, user: key, err: errors.New(e.Error)}) + " (in an earlier run)"
			t.tally.failures[i] = failure{line, e.Error}
		}
	}
	if len(byKey) > 0 {
		keys := slices.Sorted(maps.Keys(byKey))
		t.notes = append(t.notes, fmt.Sprintf("%s: %s of the journal not in the file: %s", t.name, userfile.Plural(len(keys), "user"), firstKeys(keys)))
	}
	return nil
}

// maxListedKeys is the number of users of the journal that are listed.
const maxListedKeys = 10

// firstKeys lists some keys.
func firstKeys(keys []string) string {
	var list []string
	for _, key := range keys[:min(len(keys), maxListedKeys)] {
		list = append(list, userfile.Printable(key))
	}
	if len(keys) > maxListedKeys {
		list = append(list, "and others")
	}
	return strings.Join(list, ", ")
}

// closeJournals writes the journals to disk. Default journals that are not needed are
// deleted.
func (run *upsertRun) closeJournals(needed bool) error {
	return run.eachJournal(func(t *target) bool { return needed || run.options.journal != "" })
}

// discardNewJournals closes the journals of a run that cannot start and deletes those it
// created.
func (run *upsertRun) discardNewJournals() error {
	return run.eachJournal(func(t *target) bool { return !t.createdJournal })
}

// eachJournal closes the journals to keep and deletes the others.
func (run *upsertRun) eachJournal(keep func(*target) bool) error {
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
