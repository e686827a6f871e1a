package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

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

const upsertText = `Reads FILE (CSV; JSONL if the name ends in .jsonl or .ndjson; "-" for standard input),
validates it completely, then creates or updates every user at the selected providers
in parallel. Existing users are listed first if that needs fewer requests (identifai,
partoo). Documented quotas are respected: identifai allows 30 writes per minute.

Prints one line per user and a summary with all failures to standard output. Progress
and waits (for example after a 429) go to standard error. Output never contains keys
or passwords.

Interrupt:
  The first interrupt (Ctrl-C, SIGTERM, SIGHUP) starts no more users and finishes those
  in progress; the run ends if no request is in flight for six seconds. The second aborts
  them. If standard output is closed, the run stops as after the first interrupt; up to
  --workers users may then be recorded without an output line. The command to continue is
  printed at the end.

Outage:
  If the service fails, the run pauses, tries one user at a time, and continues with the
  first success. It ends after --max-outage, or if the configuration is wrong, for example
  the API key. The rest is then not sent; continue with --resume.

Journal:
  A journal belongs to one FILE, provider, host and API key, and survives interrupts and
  crashes. While a journal contains users of an unfinished run, upsert requires --resume
  or --retry-failed; delete the journal to start over. FILE may be corrected or extended:
  --resume sends what is new or changed. Journals named with --journal are kept. A default
  journal is deleted when all users are done. If the run finished with failures, or FILE
  has changed, the next run without --resume renames it to *.old and starts over. With
  another key or host this happens only if the old run was finished.

Exit status:
  0  all users match the file
  1  some users failed or were not sent (interrupt, outage, rejected key)
  2  invalid usage or input; nothing was sent
`

const fileText = `
File:
  The header of a CSV file names the columns, in any order and case; "First Name" and
  first-name are first_name. Cells are separated by comma, semicolon or tab. One file can
  serve all providers: columns of other providers are ignored. A prefixed column
  (partoo.status) overrides the shared column (status) for that provider if its cell is
  not empty. An unknown column is an error: rename or ignore it with --map.

  Empty cells are not sent; the user keeps the value (inference for some fields). []
  sends an empty list. Booleans: true, false, 1, 0, yes, no, or what Excel writes in
  German, French, Italian, Polish or Spanish. Lists: a;b or ["a","b"].

  UTF-8 and gzip are recognized, and UTF-16 with a byte order mark. A spreadsheet may
  change keys (1.23457E+11, #N/A): such keys are errors, other such values warnings.

  The lines of a JSONL file are objects with the same names and JSON values; null and ""
  are not sent. Provider fields are in an object:
  {"email": "…", "identifai": {"pricing_id": 2}}

  identifai: if an email moves from user A to user B, A's row must contain its id. Rows
  with an id are sent first.

  No two rows may share an email (identifai, partoo; case-insensitive), id (identifai)
  or user_id (usercom).
`

// columnsText lists the columns of every provider.
func columnsText() string {
	var b strings.Builder
	for _, p := range providers() {
		fmt.Fprintf(&b, "\nColumns of %s (* required):\n", p.name)
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, c := range p.columns {
			mark := " "
			if c.Required {
				mark = "*"
			}
			text := strings.Trim(userfile.CellFormat(c)+"; "+c.Help(), "; ")
			fmt.Fprintf(w, "%s %s\t%s\n", mark, c.Name, cmp.Or(text, "text"))
		}
		_ = w.Flush() // a Builder accepts all writes
	}
	return b.String()
}

// environmentText lists the environment variables of every provider.
func environmentText() string {
	var b strings.Builder
	b.WriteString("\nEnvironment (not needed with --fake):\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, p := range providers() {
		for _, s := range p.env {
			fmt.Fprintf(w, "  %s\t%s\n", s.name, s.description)
		}
	}
	_ = w.Flush()
	return b.String()
}
