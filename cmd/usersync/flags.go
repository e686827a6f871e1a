package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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

// addFlags declares the flags of upsert. Their order is the one of the help.
func addFlags(flags *pflag.FlagSet, o *options) {
	flags.SortFlags = false
	flags.StringSliceVar(&o.provider, "provider", nil, "`NAME` of a provider: "+strings.Join(names(), ", ")+" or all; may be repeated")
	flags.StringVar(&o.format, "format", "", "`FORMAT` of FILE: csv or jsonl (default: by the name of FILE)")
	flags.Func("separator", "`CHARACTER` that separates CSV cells: , ; tab or another (default: detected)", into(&o.separator, parseSeparator))
	flags.StringVar(&o.encoding, "encoding", "", "`ENCODING` of FILE, such as windows-1252 (default UTF-8, or UTF-16 with a byte order mark)")
	flags.StringArrayVar(&o.maps, "map", nil, "read the column NAME of FILE as another, `NAME=COLUMN`, or ignore it, NAME=; may be repeated")
	flags.StringVar(&o.mapping, "mapping", "", "read a JSON `FILE` {\"rename\": {\"Work e-mail\": \"email\"}, \"constant\": {\"role\": \"PUBLISHER\"}, \"ignore\": [\"Notes\"]}")
	flags.BoolVar(&o.dryRun, "dry-run", false, "validate FILE and print what would be created, updated or unchanged; send no writes (usercom: validate only)")
	flags.BoolVar(&o.quiet, "quiet", false, "print only warnings, waits and the summary")
	flags.BoolVar(&o.json, "json", false, "print one JSON object per user and a summary object per provider; the summary text goes to standard error. With --dry-run, objects contain \"dry_run\": true and the expected outcome")
	flags.StringVar(&o.journal, "journal", "", "record results in `FILE` (with several providers: FILE.identifai and so on). Default: FILE.PROVIDER.journal next to the input; none with --fake or standard input")
	flags.BoolVar(&o.resume, "resume", false, "continue the run in the journal; skip recorded users")
	flags.BoolVar(&o.retryFailed, "retry-failed", false, "like --resume, but retry failed users")
	flags.StringVar(&o.failed, "failed", "", "write failed rows to `FILE`, with a reason (with several providers: one file each). Default: users.PROVIDER.failed.csv next to the input; none with --fake; required for standard input")
	flags.Func("workers", "`NUMBER` of concurrent upserts per provider (default 8)", into(&o.workers, parseWorkers))
	o.maxOutage = time.Hour
	flags.Func("max-outage", "end the run if the service fails, or asks to wait, for longer than this `DURATION` (default 1h)", into(&o.maxOutage, parseDuration))
	flags.Func("timeout", "timeout of one request attempt, a `DURATION` such as 45s or 2m (default 30s)", into(&o.timeout, parseDuration))
	flags.Func("quota", "`QUOTA` to use instead of the documented one, for reads and writes together: 300/min, 50/10s, \"1/s,30/min\" or none; with several providers: partoo=600/min, repeated for each", o.quotas.add)
	flags.Func("share", "use `1/N` of the quota because N processes share the key", into(&o.share, parseShare))
	flags.BoolVar(&o.textBooleans, "text-booleans", false, "identifai: send booleans as true and false instead of 1 and 0")
	flags.BoolVar(&o.fake, "fake", false, "use in-memory fakes; no API keys needed")
	flags.StringVar(&o.fakeState, "fake-state", "", "with --fake: load users of the fakes from `FILE` if it exists, save them at the end")
	flags.BoolVar(&o.fake429, "fake-429", false, "with --fake: return 429 to one request of the first provider")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "provider" && f.Name != "map" && f.Name != "quota" { // these may be repeated
			f.Value = &once{Value: f.Value}
		}
	})
}

// once is a flag that cannot be given twice.
type once struct {
	pflag.Value
	set bool
}

func (o *once) Set(text string) error {
	if o.set {
		return errGivenTwice
	}
	o.set = true
	return o.Value.Set(text)
}

var errGivenTwice = errors.New("given twice")

// into returns the function of a flag whose text parse reads.
func into[T any](to *T, parse func(string) (T, error)) func(string) error {
	return func(text string) (err error) {
		*to, err = parse(text)
		return err
	}
}

// flagError words the errors of the flag parser.
func flagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if errors.Is(err, errGivenTwice) {
			return fmt.Errorf("--%s is given twice", e.GetFlag().Name)
		}
		if e.GetFlag().Value.Type() == "bool" {
			return fmt.Errorf("--%s=%s: want true or false, or only --%[1]s", e.GetFlag().Name, userfile.Printable(e.GetValue()))
		}
		return fmt.Errorf("--%s %s: %w", e.GetFlag().Name, userfile.Printable(e.GetValue()), e.Unwrap())
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("--%s needs a value", e.GetSpecifiedName())
	}
	e, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	short := e.GetSpecifiedShortnames()
	if short == "" {
		return fmt.Errorf("unknown flag --%s", userfile.Printable(e.GetSpecifiedName()))
	}
	err = fmt.Errorf("unknown flag -%s", userfile.Printable(short))
	name, value, _ := strings.Cut(short, "=")
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == name || f.Name[1:] == name { // the first letter may be a short flag, such as -h
			long := strings.TrimSuffix(f.Name+"="+value, "=")
			err = fmt.Errorf("-%s: write --%s, with two dashes", f.Name, userfile.Printable(long))
		}
	})
	return err
}

// suggestion proposes what may have been meant.
func suggestion(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(texts, " or ") + "?"
}
