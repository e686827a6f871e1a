package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// report prints a line for each user and, at the end, the summary.
type report struct {
	options options
	rows    []userfile.Row

	mu           sync.Mutex
	out          io.Writer // for users
	summaryOut   io.Writer
	err          error // of the first write that failed
	onWriteError func(error)
}

func (r *report) printf(w io.Writer, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := fmt.Fprintf(w, format, args...)
	if err == nil || r.err != nil {
		return
	}
	r.err = fmt.Errorf("writing the results: %w", err)
	if r.onWriteError != nil {
		r.onWriteError(r.err)
	}
}

// printUser counts and prints the result of one user.
func (r *report) printUser(t *tally, res result) {
	text := r.userLine(t.name, res)
	t.add(res, text)
	switch {
	case r.options.quiet:
	case r.options.json:
		r.printf(r.out, "%s\n", r.userJSON(t.name, res))
	default:
		r.printf(r.out, "%s%s\n", text, changesText(res.Changes))
	}
}

// changesText lists what a dry run would change, one field a line.
func changesText(changes []upsert.Change) string {
	var b strings.Builder
	for _, c := range changes {
		before, after := "(not shown)", "(not shown)"
		if c.New != nil {
			before, after = valueText(c.Old), valueText(c.New)
		}
		fmt.Fprintf(&b, "\n             %s: %s → %s", userfile.Printable(c.Field), before, after)
	}
	return b.String()
}

func valueText(value any) string {
	if value == nil {
		return "(unknown)"
	}
	text, _ := json.Marshal(value) // a text, a number, a boolean or a list: cannot fail
	return userfile.Printable(string(text))
}

func (r *report) userLine(provider string, res result) string {
	outcome, detail := outcomeText(res.Outcome, r.options.dryRun), ""
	if res.err != nil {
		outcome, detail = "failed", oneLine(res.err.Error())
		switch {
		case res.Outcome == 0:
		case errors.Is(res.err, upsert.ErrJournal):
			detail = res.Outcome.String() + ", but not recorded in the journal: " + detail
		default:
			detail = res.Outcome.String() + ", but not complete: " + detail
		}
		detail = "  " + detail
	}
	digits := len(fmt.Sprint(r.rows[len(r.rows)-1].Line))
	return fmt.Sprintf("%-9s  line %*d  %-9s  %s  %s%s", provider, digits, res.line, outcome,
		userfile.Printable(cmp.Or(res.ID, "-")), userfile.Printable(res.user), detail)
}

// jsonUser is a line of --json.
type jsonUser struct {
	Provider string              `json:"provider"`
	Line     int                 `json:"line"`
	User     string              `json:"user"`
	ID       string              `json:"id,omitempty"`
	Outcome  string              `json:"outcome"`
	DryRun   bool                `json:"dry_run,omitempty"`
	Error    string              `json:"error,omitempty"`
	Fields   map[string][]string `json:"fields,omitempty"`
	Status   int                 `json:"status,omitempty"`
	Executed string              `json:"executed,omitempty"`
	// Completed is the part of a failed upsert that was completed.
	Completed string          `json:"completed,omitempty"`
	Changes   []upsert.Change `json:"changes,omitempty"` // of a dry run
}

func (r *report) userJSON(provider string, res result) []byte {
	user := jsonUser{Provider: provider, Line: res.line, User: res.user, ID: res.ID, DryRun: r.options.dryRun, Outcome: outcomeText(res.Outcome, false), Changes: res.Changes}
	if res.err != nil {
		if user.Outcome, user.Error = "failed", res.err.Error(); res.Outcome != 0 {
			user.Completed = "user " + outcomeText(res.Outcome, false)
		}
	}
	if e, ok := errors.AsType[*rest.Error](res.err); ok {
		user.Fields, user.Status, user.Executed = e.Fields, e.StatusCode, e.Executed.String()
	}
	line, _ := json.Marshal(user) // cannot fail
	return line
}

// jsonSummary is the last line of --json for a provider.
type jsonSummary struct {
	Type        string  `json:"type"` // "summary"
	Provider    string  `json:"provider"`
	DryRun      bool    `json:"dry_run,omitempty"`
	Created     int     `json:"created"`
	Updated     int     `json:"updated"`
	Unchanged   int     `json:"unchanged"`
	Valid       int     `json:"valid,omitempty"` // dry run without prediction
	Failed      int     `json:"failed"`
	Earlier     int     `json:"done_before"` // by earlier runs, failed ones included
	NotSent     int     `json:"not_sent"`
	Complete    bool    `json:"complete"`         // all were sent
	Reason      string  `json:"reason,omitempty"` // why not all were sent
	Duration    float64 `json:"duration_seconds"`
	RateLimited uint64  `json:"rate_limited"` // 429 responses
}

func (r *report) summaryJSON(t *target) []byte {
	y, unsent := t.tally, t.tally.unsent()
	line, _ := json.Marshal(jsonSummary{ // cannot fail
		Type: "summary", Provider: y.name, DryRun: y.dryRun,
		Created: y.outcomes[upsert.Created], Updated: y.outcomes[upsert.Updated], Unchanged: y.outcomes[upsert.Unchanged], Valid: y.outcomes[0],
		Failed: y.failed, Earlier: y.earlier, NotSent: unsent, Complete: unsent == 0, Reason: y.unsentReason,
		Duration: y.duration.Seconds(), RateLimited: t.rateLimited(),
	})
	return line
}

// printSummary prints the counts of each provider, the failed users and why users were not
// sent.
func (r *report) printSummary(targets []*target) {
	if !r.options.quiet && !r.options.json {
		r.printf(r.summaryOut, "\n")
	}
	var failed, unsent []string
	for _, t := range targets {
		r.printf(r.summaryOut, "%s; 429 responses: %d\n", t.tally.summary(), t.rateLimited())
		if r.options.json {
			r.printf(r.out, "%s\n", r.summaryJSON(t))
		}
		failed = append(failed, t.tally.failedLines()...)
		if text := t.tally.unsentLine(); text != "" {
			unsent = append(unsent, text)
		}
	}
	for _, list := range [][]string{failed, unsent} {
		if len(list) > 0 {
			r.printf(r.summaryOut, "\n%s\n", strings.Join(list, "\n"))
		}
	}
}

// oneLine replaces line breaks and other control characters.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
}
