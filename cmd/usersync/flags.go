package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/userfile"
)

// options are the flags and the argument of upsert.
type options struct {
	provider  []string
	providers []*provider // the selected ones
	file      string

	format    string
	separator rune
	encoding  string
	maps      []string
	mapping   string
	columns   userfile.Mapping // of --mapping and --map

	dryRun bool
	quiet  bool
	json   bool

	journal     string
	resume      bool
	retryFailed bool
	failed      string

	workers      int           // 0: the default
	timeout      time.Duration // 0: the default
	maxOutage    time.Duration
	quotas       quotas
	share        int // 0: the whole quota
	textBooleans bool

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
	case o.format != "" && o.format != "csv" && o.format != "jsonl":
		return fmt.Errorf("--format %s: want csv or jsonl", userfile.Printable(o.format))
	case !o.fake && (o.fakeState != "" || o.fake429):
		return errors.New("--fake-state and --fake-429 need --fake")
	case o.dryRun && (o.journal != "" || o.resume || o.failed != ""):
		return errors.New("--dry-run writes no files: omit --journal, --resume, --retry-failed and --failed")
	case o.resume && o.journal == "" && !o.hasDefaultJournal():
		return errors.New("--resume and --retry-failed need --journal here: there is no default journal with --fake or standard input")
	case o.file == "-" && o.failed == "" && !o.fake && !o.dryRun:
		return errors.New("standard input needs --failed FILE, for the rows that fail")
	case o.textBooleans && !o.selects("identifai"):
		return errors.New("--text-booleans is for identifai")
	}
	return errors.Join(o.quotas.check(o), o.readMapping())
}

func (o *options) selects(name string) bool {
	return slices.ContainsFunc(o.providers, func(p *provider) bool { return p.name == name })
}

// readMapping reads --mapping and --map.
func (o *options) readMapping() (err error) {
	if o.mapping != "" {
		if o.columns, err = userfile.ReadMapping(o.mapping); err != nil {
			return fmt.Errorf("--mapping: %w", err)
		}
	}
	for _, rename := range o.maps {
		if err := o.columns.Add(rename); err != nil {
			return fmt.Errorf("--map %s: %w", userfile.Printable(rename), err)
		}
	}
	return nil
}

// isInput reports whether path is the input file.
func (o *options) isInput(path string) bool {
	a, errA := os.Stat(path)
	b, errB := os.Stat(o.file)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// isRegularFile reports whether the input can be read again.
func (o *options) isRegularFile() bool {
	if o.file == "-" || strings.HasPrefix(o.file, "/dev/") {
		return false
	}
	info, err := os.Stat(o.file)
	return err != nil || info.Mode().IsRegular() // opening the file reports the error
}
