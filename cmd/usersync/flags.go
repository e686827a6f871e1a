package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
)

// options are the flags and the argument of upsert.
type options struct {
	provider  string
	providers []provider // those it means
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
	quota   *backoff.QuotaSet // nil: what the provider documents
	share   int               // 0: the whole quota

	fake      bool
	fakeState string
	fake429   bool
}

// parseFlags returns flag.ErrHelp when help is asked for.
func parseFlags(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("upsert", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	flags.StringVar(&o.provider, "provider", "", "")
	flags.StringVar(&o.format, "format", "", "")
	flags.BoolVar(&o.dryRun, "dry-run", false, "")
	flags.BoolVar(&o.quiet, "quiet", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.StringVar(&o.journal, "journal", "", "")
	flags.BoolVar(&o.resume, "resume", false, "")
	flags.BoolVar(&o.retryFailed, "retry-failed", false, "")
	flags.Func("workers", "", flagFunc(&o.workers, parseWorkers))
	flags.DurationVar(&o.timeout, "timeout", 0, "")
	flags.Func("quota", "", flagFunc(&o.quota, parseQuota))
	flags.Func("share", "", flagFunc(&o.share, parseShare))
	flags.BoolVar(&o.fake, "fake", false, "")
	flags.StringVar(&o.fakeState, "fake-state", "", "")
	flags.BoolVar(&o.fake429, "fake-429", false, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if err := o.parseFile(flags.Args()); err != nil {
		return o, err
	}
	o.resume = o.resume || o.retryFailed
	return o, o.validate()
}

func (o *options) parseFile(args []string) error {
	switch {
	case len(args) == 0 || args[0] == "":
		return errors.New(`want a FILE to read, or "-" for standard input`)
	case len(args) > 1:
		return fmt.Errorf("unexpected argument %s: there is one FILE, and flags go before it", printable(args[1]))
	}
	o.file = args[0]
	return nil
}

func (o *options) validate() error {
	var err error
	if o.providers, err = selectProviders(o.provider); err != nil {
		return err
	}
	switch {
	case !o.fake && (o.fakeState != "" || o.fake429):
		return errors.New("-fake-state and -fake-429 need -fake")
	case o.dryRun && (o.journal != "" || o.resume):
		return errors.New("-dry-run writes no journal and needs none: leave out -journal, -resume and -retry-failed")
	case o.resume && o.journal == "" && !o.hasDefaultJournal():
		return errors.New("-resume and -retry-failed need -journal here: there is none by default with -fake or standard input")
	case o.timeout < 0:
		return fmt.Errorf("-timeout %v: must not be negative", o.timeout)
	case o.fake && o.share > 0 && o.quota == nil:
		return errors.New("-share with -fake needs -quota: the fakes have none to share")
	case o.quota != nil && len(o.quota.Quotas) == 0 && o.share > 0:
		return errors.New("-share with -quota none: there is nothing to share")
	case o.quota != nil && len(o.providers) > 1:
		return errors.New("-quota goes with one provider: each has quotas of its own")
	}
	return o.chooseFormat()
}

// chooseFormat goes by the name of the file unless -format says more.
func (o *options) chooseFormat() error {
	extension := strings.ToLower(filepath.Ext(o.file))
	switch {
	case o.format == "csv", o.format == "jsonl":
	case o.format != "":
		return fmt.Errorf("-format %s: want csv or jsonl", printable(o.format))
	case extension == ".json":
		return errors.New("a .json file: give -format jsonl if it holds one object per line")
	case extension == ".jsonl", extension == ".ndjson":
		o.format = "jsonl"
	default:
		o.format = "csv"
	}
	return nil
}
