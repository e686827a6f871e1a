package verify

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Text returns the report for people: a table, what to do about facts that differ,
// and what was left behind.
func (r Report) Text() string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FACT\tRESULT\tOBSERVED")
	for _, f := range r.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.ID, f.Verdict, f.Detail)
	}
	_ = table.Flush() // a strings.Builder returns no error
	fmt.Fprintf(&b, "\n%s: %d facts: %d hold, %d differ, %d unknown; %d requests\n",
		r.Provider, len(r.Findings), r.Count(Holds), r.Count(Differs), r.Count(Unknown), len(r.Exchanges))
	for _, f := range r.Findings {
		if f.Verdict == Differs {
			fmt.Fprintf(&b, "\n%s differs\n  expected: %s\n  observed: %s\n  matters because: %s\n  what to do: %s\n", f.ID, f.Text, f.Detail, f.Why, f.IfDiffers)
		}
	}
	for _, left := range r.LeftBehind {
		fmt.Fprintf(&b, "\nLeft behind: %s\n", left)
	}
	return b.String()
}
