package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/usersync/usersync/internal/userfile"
)

func (c *command) upsertCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:                   "upsert --provider NAME[,NAME] [flags] FILE",
		Short:                 "Create or update every user of a file",
		Long:                  upsertText,
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(args); err != nil {
				return err
			}
			run := newUpsertRun(o, c.streams)
			if err := run.connect(c.getenv); err != nil {
				return err
			}
			c.status = run.run(cmd.Context(), c.args[1:])
			return nil
		},
	}
	addFlags(cmd.Flags(), &o)
	cmd.SetUsageTemplate("Usage:\n  {{.UseLine}}\n\nFlags:\n{{.LocalFlags.FlagUsagesWrapped 100}}")
	cmd.SetHelpTemplate("{{.Long}}\n{{.UsageString}}" + fileText + columnsText() + environmentText())
	for flag, values := range map[string][]string{"provider": append(names(), "all"), "format": {"csv", "jsonl"}} {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // no such flag
		}
	}
	return cmd
}

// completeFile completes the one FILE with the names of files.
func completeFile(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
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
