package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/usersync/usersync/upsert"
)

// journalByDefault reports whether a run keeps a journal unasked: not with fakes,
// which forget, nor where there is no file to begin from again.
func (o options) journalByDefault() bool {
	if o.fake || o.dryRun || o.file == "-" {
		return false
	}
	info, err := os.Stat(o.file)
	return err != nil || info.Mode().IsRegular() // what is wrong with the file is told when it is opened
}

// journalPath is where the journal of a provider's run is, empty for none.
func (o options) journalPath(provider string) string {
	switch {
	case o.journal == "" && o.journalByDefault():
		return o.file + "." + provider + ".journal"
	case o.journal != "" && len(o.providers) > 1:
		return o.journal + "." + provider
	}
	return o.journal
}

// openJournal opens the journal of a run over the input with this fingerprint.
// One that is there already is only gone on with when that is asked for.
func (t *target) openJournal(o options, fingerprint string) error {
	path := o.journalPath(t.name)
	if path == "" {
		return nil
	}
	_, err := os.Stat(path)
	switch there := !errors.Is(err, fs.ErrNotExist); {
	case there && !o.resume:
		return fmt.Errorf("there is a journal of an earlier run, %s: -resume goes on with that run, -retry-failed also upserts its failed users again; remove it to begin anew", path)
	case !there && o.resume:
		return fmt.Errorf("nothing to resume: there is no journal %s", path)
	}
	header := upsert.JournalHeader{Provider: t.name + " at " + t.account, Input: "sha256:" + fingerprint}
	if t.journal, err = upsert.OpenJournal(path, header); err != nil {
		return fmt.Errorf("%w (-journal names another file)", err)
	}
	t.journalPath = path
	if o.retryFailed {
		if err := t.journal.RetryFailed(); err != nil {
			return err
		}
	}
	return t.readEarlier()
}

// readEarlier takes from the journal what earlier runs have done.
func (t *target) readEarlier() error {
	t.tally.earlier = t.journal.Counts()
	if t.tally.earlier.Failed == 0 {
		return nil
	}
	for entry, err := range upsert.ReadJournal(t.journalPath) {
		switch {
		case err != nil:
			return err
		case entry.Error == "":
			delete(t.failedEarlier, entry.Index)
		case len(t.failedEarlier) < maxListed:
			t.failedEarlier[entry.Index] = entry
		}
	}
	return nil
}

// closeJournal makes sure that everything is on record.
func (t *target) closeJournal() error {
	if t.journal == nil {
		return nil
	}
	return t.journal.Close()
}

// dropJournals removes the journals that nobody asked for, once nobody needs them.
func (r *upsertRun) dropJournals() error {
	var failures []error
	for _, t := range r.targets {
		if t.journal != nil && r.options.journal == "" {
			failures = append(failures, os.Remove(t.journalPath))
		}
	}
	return errors.Join(failures...)
}
