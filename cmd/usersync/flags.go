package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/usersync/usersync/backoff"

	"github.com/usersync/usersync/internal/userfile"
)

// options are the flags and the argument of upsert.
type options struct {
	provider  []string
	providers []provider // the selected ones
	format    string
	file      string

	dryRun bool
	quiet  bool
	json   bool

	journal     string
	resume      bool
	retryFailed bool

	workers int               // 0: the default
	timeout time.Duration     // 0: the default
	quota   *backoff.QuotaSet // nil: the documented quotas
	share   int               // 0: the whole quota

	fake      bool
	fakeState string
	fake429   bool
}

// complete derives what the flags imply and rejects combinations without sense.
func (o *options) complete(args []string) error {
	switch {
	case len(args) == 0 || args[0] == "":
		return errors.New(`missing FILE argument ("-" for standard input)`)
	case len(args) > 1:
		return fmt.Errorf("unexpected argument %s: want one FILE", userfile.Printable(args[1]))
	}
	o.file = args[0]
	o.resume = o.resume || o.retryFailed
	var err error
	if o.providers, err = selectProviders(o.provider); err != nil {
		return err
	}
	switch {
	case !o.fake && (o.fakeState != "" || o.fake429):
		return errors.New("--fake-state and --fake-429 need --fake")
	case o.dryRun && (o.journal != "" || o.resume):
		return errors.New("--dry-run uses no journal: omit --journal, --resume and --retry-failed")
	case o.resume && o.journal == "" && !o.hasDefaultJournal():
		return errors.New("--resume and --retry-failed need --journal here: there is no default journal with --fake or standard input")
	case o.fake && o.share > 0 && o.quota == nil:
		return errors.New("--share with --fake needs --quota: the fakes have no quota to share")
	case o.quota != nil && len(o.quota.Quotas) == 0 && o.share > 0:
		return errors.New("--share with --quota none: there is no quota to share")
	case o.quota != nil && len(o.providers) > 1:
		return errors.New("--quota needs a single provider: each has its own quotas")
	}
	return o.chooseFormat()
}

// chooseFormat derives the format from the name of the file unless --format is given.
func (o *options) chooseFormat() (err error) {
	switch o.format {
	case "csv", "jsonl":
	case "":
		o.format, err = userfile.FormatOf(o.file)
	default:
		err = fmt.Errorf("--format %s: want csv or jsonl", userfile.Printable(o.format))
	}
	return err
}
