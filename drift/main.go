// Command drift compares what the vendors publish now with our documents in
// specs/, without our overlays:
//
//	drift
//	drift -provider partoo -from create-user.md -from update-user.md
//	drift -provider identifai -from https://docs.identifai.net/llms.txt -format markdown
//
// A source is a file or an https address of an OpenAPI document (3.0 or 3.1, YAML
// or JSON), of a page in Markdown that holds the OpenAPI of one operation, or of an
// llms.txt index, whose pages of the same origin are read at a gentle pace. Without
// -from the vendors' public addresses are read, which stand as x-provenance in the
// documents.
//
// Changes are breaking, additive or documentation. Descriptions, examples and the
// order of things never count. The exit status is 0 for no change, 1 for changes,
// and 2 when something could not be compared.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

var providers = []string{"identifai", "partoo", "usercom"}

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
}

func command(ctx context.Context, args []string, out, errOut io.Writer) int {
	o, err := parseFlags(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return exitSame
	}
	if err != nil {
		fmt.Fprintln(errOut, "drift:", err)
		return exitProblems
	}
	r, err := newReader(o.every)
	if err != nil {
		fmt.Fprintln(errOut, "drift:", err)
		return exitProblems
	}
	var reports []Report
	for _, provider := range o.providers {
		reports = append(reports, run(ctx, r, errOut, o.specs, provider, o.from))
	}
	if err := formats[o.format](out, reports); err != nil {
		fmt.Fprintln(errOut, "drift: write the report:", err)
		return exitProblems
	}
	return status(reports)
}

func parseFlags(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("drift", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.Func("provider", "compare this `provider` alone: "+strings.Join(providers, ", "), func(name string) error {
		if !slices.Contains(providers, name) {
			return fmt.Errorf("want one of %s", strings.Join(providers, ", "))
		}
		o.providers = []string{name}
		return nil
	})
	flags.Func("from", "compare with this `source`, a file or an https address; may be given again, and further ones may follow the flags", func(source string) error {
		o.from = append(o.from, source)
		return nil
	})
	flags.StringVar(&o.format, "format", "text", "how to `print`: "+strings.Join(keys(formats), ", "))
	flags.StringVar(&o.specs, "specs", "", "`directory` of our documents (default: specs/, looked for upwards)")
	flags.DurationVar(&o.every, "every", time.Second, "least `time` between two requests")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 && len(o.from) == 0 {
		return o, fmt.Errorf("unexpected %q: sources come with -from", flags.Arg(0))
	}
	o.from = append(o.from, flags.Args()...)
	if formats[o.format] == nil {
		return o, fmt.Errorf("-format %q: want one of %s", o.format, strings.Join(keys(formats), ", "))
	}
	if len(o.from) > 0 && len(o.providers) == 0 {
		return o, errors.New("-from needs -provider: whose document is it to be compared with?")
	}
	if len(o.providers) == 0 {
		o.providers = providers
	}
	if o.every < 0 {
		return o, errors.New("-every must not be negative")
	}
	var err error
	if o.specs == "" {
		o.specs, err = findSpecs()
	}
	return o, err
}
