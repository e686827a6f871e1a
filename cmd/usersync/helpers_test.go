package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/fields/fieldstest"
	"github.com/usersync/usersync/internal/userfile"
)

// output is the result of a command.
type output struct {
	status   int
	out, err string
}

// usersync runs the command with standard input, in an empty environment.
func usersync(t *testing.T, stdin string, args ...string) output {
	t.Helper()
	return usersyncIn(t.Context(), nil, stdin, args...)
}

func usersyncIn(ctx context.Context, env map[string]string, stdin string, args ...string) output {
	if env != nil && args[len(args)-1] == "-" && !slices.Contains(args, "--failed") && !slices.Contains(args, "--dry-run") {
		args = append(args, "--failed", os.DevNull)
	}
	var out, err bytes.Buffer
	s := streams{in: strings.NewReader(stdin), out: &out, err: &err, signals: noSignals}
	c := command{args: args, streams: s, getenv: func(name string) string { return env[name] }}
	status := c.run(ctx)
	return output{status, out.String(), withoutFormat(err.String())}
}

// formatLine is the line about the format of the input.
var formatLine = regexp.MustCompile(`(?m)^usersync: .*: (CSV|JSONL), .*, \d+ rows?\n`)

func withoutFormat(text string) string { return formatLine.ReplaceAllString(text, "") }

func noSignals() (<-chan os.Signal, func()) { return nil, func() {} }

// parseFlags reads the flags and the argument of upsert.
func parseFlags(args []string) (options, error) {
	var o options
	flags := pflag.NewFlagSet("upsert", pflag.ContinueOnError)
	addFlags(flags, &o)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.complete(flags.Args())
}

// three are the providers of tests that know their fakes, outcomes or texts.
const three = "identifai,partoo,usercom"

// withRequired adds the columns to an input that providers require and its first row does
// not have, for these providers only.
func withRequired(format, input string) string {
	first, _, _ := strings.Cut(input, "\n")
	rows := strings.SplitAfter(input, "\n")
	for _, p := range providers() {
		for i, row := range rows {
			added, cells := make(map[string]any), ""
			for _, c := range p.columns {
				if row == "" || !c.Required || strings.Contains(first, c.Name) {
					continue
				}
				value := fieldstest.Example(c, 0).Interface()
				switch c.Format {
				case "key":
					value = fmt.Sprint("key-", i)
				case "email":
					value = fmt.Sprintf("user-%d@example.com", i)
				}
				added[c.Name] = value
				if i == 0 {
					value = p.name + "." + c.Name // in the header
				}
				cells += fmt.Sprint(value, ",")
			}
			switch object, _ := json.Marshal(added); {
			case len(added) == 0:
			case format == "jsonl":
				rows[i] = strings.Replace(row, "{", fmt.Sprintf(`{"%s":%s,`, p.name, object), 1)
			default:
				rows[i] = cells + row
			}
		}
	}
	return strings.Join(rows, "")
}

func (p *provider) hasPassword() bool {
	return slices.ContainsFunc(p.columns, func(c fields.Field) bool { return c.Format == "password" || c.Name == "password" })
}

// lines joins the lines of a file.
func lines(all ...string) string { return strings.Join(all, "\n") + "\n" }

// ordered sorts the lines of users, which finish in any order.
func (o output) ordered() output {
	users, end, found := strings.Cut(o.out, "\n\n")
	all := strings.Split(users, "\n")
	slices.Sort(all)
	if found {
		all = append(all, "", end)
	}
	o.out = strings.Join(all, "\n")
	return o
}

// readRows reads and validates an input for one provider or all.
func readRows(t *testing.T, provider, format, text string) ([]userfile.Row, userfile.Problems) {
	t.Helper()
	selected, err := selectProviders(strings.Split(provider, ","))
	require.NoError(t, err)
	in, err := readInput(options{file: "-", format: format, providers: selected}, strings.NewReader(text))
	require.NoError(t, err)
	return in.Rows, in.Problems
}

// texts returns problems as they are printed.
func texts(p userfile.Problems) []string {
	var all []string
	for _, one := range p.First {
		all = append(all, one.String())
	}
	return all
}

// usersOf reads the users of a valid input.
func usersOf[U any](t *testing.T, of *provider, format, input string) []U {
	t.Helper()
	rows, found := readRows(t, of.name, format, input)
	require.Empty(t, texts(found))
	var users []U
	for _, r := range rows {
		u, problems, _ := of.readUser(r)
		require.Empty(t, problems)
		users = append(users, *any(u).(*U))
	}
	return users
}

// bodyWith matches requests whose body contains the text.
func bodyWith(text string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		return err == nil && bytes.Contains(body, []byte(text))
	}
}

func unlimitedPacer(t *testing.T) *backoff.QuotaPacer {
	t.Helper()
	pacer, err := backoff.NewPacer(backoff.PacerConfig{})
	require.NoError(t, err)
	return pacer
}
