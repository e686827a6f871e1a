package verify

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
)

// Fact is an inferred fact about the API of a provider.
type Fact struct {
	ID        string `json:"id"`
	Text      string `json:"fact"`
	Why       string `json:"why"`        // why it matters
	Probe     string `json:"probe"`      // how it is checked
	IfDiffers string `json:"if_differs"` // what to do
}

// Verdict is the result of a probe.
type Verdict string

// The verdicts.
const (
	Holds   Verdict = "holds"
	Differs Verdict = "differs"
	Unknown Verdict = "unknown"
)

// Finding is a fact with the result of its probe.
type Finding struct {
	Fact
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"` // what was observed, or why the verdict is unknown
}

// judge returns the finding of a fact: the first of the possible ones that applies.
func judge(fact Fact, possible ...Finding) Finding {
	f := cmp.Or(possible...)
	f.Fact = fact
	return f
}

func holds(detail string) Finding                     { return findingIf(true, Holds, detail) }
func differsIf(condition bool, detail string) Finding { return findingIf(condition, Differs, detail) }
func unknownIf(condition bool, detail string) Finding { return findingIf(condition, Unknown, detail) }

// findingIf returns the zero Finding if the condition is false: it does not apply.
func findingIf(condition bool, v Verdict, detail string) Finding {
	if !condition {
		return Finding{}
	}
	return Finding{Verdict: v, Detail: detail}
}

// needs applies if one of the exchanges did not succeed: the fact is unknown.
func needs(exchanges ...Exchange) Finding {
	for _, x := range exchanges {
		if !x.ok() {
			return unknownIf(true, x.outcome())
		}
	}
	return Finding{}
}

// shows is the finding about the fields of a user in a list.
func shows(name string, list Exchange, address string, fields ...string) Finding {
	user := list.user(address)
	missing := slices.DeleteFunc(fields, func(field string) bool { return fieldOf(user, field) != nil })
	return cmp.Or(
		needs(list),
		unknownIf(user == nil, "the "+name+" does not show the user"),
		differsIf(len(missing) > 0, "the "+name+" does not show "+strings.Join(missing, ", ")),
		holds("the "+name+" shows all of them"))
}

// ignoresLetterCase is the finding about a search by the email in upper case.
func ignoresLetterCase(search Exchange, address string) Finding {
	const differs = "the email in upper case finds no user"
	return cmp.Or(
		differsIf(search.Status == http.StatusNotFound, differs),
		needs(search),
		differsIf(search.user(address) == nil, differs),
		holds("the email in upper case finds the user"))
}

// Report is the result of a run. It contains no personal data, no key and no values
// of responses.
type Report struct {
	Provider  string     `json:"provider"`
	Findings  []Finding  `json:"findings"`
	Exchanges []Exchange `json:"exchanges"`
	// LeftBehind describes what could not be restored or deleted.
	LeftBehind []string `json:"left,omitempty"`
}

// Count returns the number of findings with the verdict.
func (r Report) Count(v Verdict) int {
	n := 0
	for _, f := range r.Findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

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
