// Command drift compares what the vendors publish now with the specs in specs/,
// without the overlays:
//
//	drift
//	drift --provider partoo --from create-user.md --from update-user.md
//	drift --provider identifai --from https://docs.identifai.net/llms.txt --format markdown
//
// A source is a file or an https URL: an OpenAPI document (3.x, YAML or JSON), a
// page in Markdown with the OpenAPI of one operation, an llms.txt index, whose
// pages of the same origin are read one by one, or user.com's page of prose.
// Without --from, the sources in the specs are read (x-provenance).
//
// Changes are graded by their effect on the clients: breaking, check by hand,
// additive or documentation. Descriptions, values of examples and the order of
// lists never count. What the baseline specs/drift-baseline.json contains is not
// reported.
//
// Exit status: 0 no change, 1 changes, 2 something could not be read, 3 both.
// With --write and --accept, handled changes do not count. With --issues, which
// the nightly workflow uses, 4 means that an issue could not be updated.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags of the command.
type options struct {
	providers []string
	from      []string
	format    string
	specs     string
	every     time.Duration
	write     bool
	accept    bool
	issues    bool
}

func command(ctx context.Context, args []string, out, errOut io.Writer) int {
	o, err := parseFlags(args, out)
	if errors.Is(err, pflag.ErrHelp) {
		return exitNoChange
	}
	var known *baseline
	if err == nil {
		known, err = readBaseline(o.specs)
	}
	if err != nil {
		fmt.Fprintln(errOut, "drift:", err)
		return exitUnreadable
	}
	var issues *tracker
	if o.issues {
		if issues, err = newTracker(os.Getenv); err != nil {
			fmt.Fprintln(errOut, "drift:", err)
			return exitNoIssues
		}
	}
	reader := newReader(o.every)
	var reports []Report
	for _, provider := range o.providers {
		j := job{reader: reader, progress: errOut, specs: o.specs, provider: provider, from: o.from, baseline: known}
		report, vendor, docs := j.run(ctx)
		if err := o.handle(j, &report, vendor, docs); err != nil {
			report.addProblem(err)
			report.Status |= exitUnreadable
		}
		reports = append(reports, report)
	}
	if err := formats[o.format](out, reports); err != nil {
		fmt.Fprintln(errOut, "drift: write the report:", err)
		return exitUnreadable
	}
	if issues != nil {
		if err := issues.update(ctx, reports); err != nil {
			fmt.Fprintln(errOut, "drift:", err)
			return exitNoIssues
		}
	}
	return status(reports)
}

// handle writes or accepts the changes of a report.
func (o options) handle(j job, report *Report, vendor *vendorSpec, docs []*document) error {
	if o.write && vendor != nil {
		if err := j.write(report, vendor, docs); err != nil {
			return fmt.Errorf("--write: %w", err)
		}
	}
	if o.accept {
		j.baseline.accept(*report)
		if err := errors.Join(j.baseline.write(), j.acceptTexts(*report)); err != nil {
			return fmt.Errorf("--accept: %w", err)
		}
		report.note(fmt.Sprintf("%d changes were accepted", len(report.Changes)))
		report.Status &^= exitChanged
	}
	return nil
}

func parseFlags(args []string, out io.Writer) (options, error) {
	var o options
	flags := pflag.NewFlagSet("drift", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {
		fmt.Fprintf(out, "Compare the vendors' API documentation with specs/.\n\nUsage:\n  drift [flags] [SOURCE...]\n\nFlags:\n%s", flags.FlagUsages())
	}
	flags.StringSliceVar(&o.providers, "provider", nil, "Providers, comma-separated or repeated (default all of specs/)")
	flags.StringArrayVar(&o.from, "from", nil, "Source to compare with, a file or an https URL; may be repeated (default the sources in the spec)")
	flags.StringVar(&o.format, "format", "text", "Output format: "+strings.Join(keys(formats), ", "))
	flags.StringVar(&o.specs, "specs", "", "Directory of the specs (default specs/ in the working directory or above)")
	flags.DurationVar(&o.every, "every", time.Second, "Minimum interval between two requests, e.g. 500ms")
	flags.BoolVar(&o.write, "write", false, "Apply structural changes to specs/PROVIDER.yaml, keeping descriptions")
	flags.BoolVar(&o.accept, "accept", false, "Add the reported changes to the baseline, so that they are not reported again")
	flags.BoolVar(&o.issues, "issues", false, "Open, update or close one GitHub issue per provider (for the nightly workflow)")
	if err := checkSpelling(flags, args); err != nil {
		return o, err
	}
	if err := flags.Parse(args); err != nil {
		return o, flagError(err)
	}
	if flags.NArg() > 0 && len(o.from) == 0 {
		return o, fmt.Errorf("unexpected argument %q: use --from SOURCE", flags.Arg(0))
	}
	o.from = append(o.from, flags.Args()...)
	if formats[o.format] == nil {
		return o, fmt.Errorf("--format %s: want one of %s", o.format, strings.Join(keys(formats), ", "))
	}
	if o.every < 0 {
		return o, fmt.Errorf("--every %s: must not be negative", o.every)
	}
	if o.specs == "" {
		specs, err := findSpecs()
		if err != nil {
			return o, err
		}
		o.specs = specs
	}
	return o, o.chooseProviders()
}

func (o *options) chooseProviders() error {
	all, err := providersIn(o.specs)
	if err != nil {
		return err
	}
	for _, provider := range o.providers {
		if !slices.Contains(all, provider) {
			return fmt.Errorf("--provider %s: want one of %s", provider, strings.Join(all, ", "))
		}
	}
	o.providers = slices.Compact(slices.Sorted(slices.Values(o.providers)))
	if len(o.from) > 0 && len(o.providers) != 1 {
		return errors.New("--from needs exactly one --provider, whose spec is compared")
	}
	if len(o.providers) == 0 {
		o.providers = all
	}
	return nil
}

var singleDash = regexp.MustCompile(`^-([a-z][a-z-]+)(=.*)?$`)

// checkSpelling rejects long flags with one dash and flags that are given twice.
func checkSpelling(flags *pflag.FlagSet, args []string) error {
	set := make(map[string]bool)
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if match := singleDash.FindStringSubmatch(arg); match != nil {
			return fmt.Errorf("%s: long flags take two dashes: --%s%s", arg, match[1], match[2])
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !strings.HasPrefix(arg, "--") || flags.Lookup(name) == nil {
			continue
		}
		if set[name] && name != "provider" && name != "from" {
			return fmt.Errorf("--%s: set twice", name)
		}
		set[name] = true
	}
	return nil
}

// flagError explains what a duration looks like.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "duration" {
		return fmt.Errorf("--%s %s: want a duration such as 500ms or 2s", invalid.GetFlag().Name, invalid.GetValue())
	}
	return err
}
