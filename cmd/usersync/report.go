package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// report writes what becomes of the users: a line for each as it happens, and the
// sums and all that went wrong at the end.
type report struct {
	options options
	digits  int // of the largest line number

	mu         sync.Mutex
	out        io.Writer // for the users
	summaryOut io.Writer // for the sums
	err        error     // of the first write that failed
	// onWriteError is told of it: nobody reads on.
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

// printUser tells of one user.
func (r *report) printUser(t *tally, is result) {
	text := r.userLine(t.name, is)
	t.add(is, text)
	switch {
	case r.options.quiet:
	case r.options.json:
		r.printf(r.out, "%s\n", r.userJSON(t.name, is))
	default:
		r.printf(r.out, "%s\n", text)
	}
}

func (r *report) userLine(provider string, is result) string {
	outcome, detail := outcomeText(is.outcome, r.options.dryRun), ""
	if is.err != nil {
		outcome, detail = "failed", "  "+oneLine(is.err.Error())
	}
	if is.err != nil && is.outcome != 0 {
		but := "complete"
		if errors.Is(is.err, upsert.ErrJournal) {
			but = "on record"
		}
		detail = "  " + is.outcome.String() + ", but not " + but + ":" + detail[1:]
	}
	place, number := "line", is.line
	if number == 0 { // it was not read again
		place, number = "user", is.index+1
	}
	return fmt.Sprintf("%-9s  %s %*d  %-9s  %s  %s%s",
		provider, place, r.digits, number, outcome, printable(cmp.Or(is.id, "-")), printable(is.user), detail)
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
}

func (r *report) userJSON(provider string, is result) []byte {
	user := jsonUser{Provider: provider, Line: is.line, User: is.user, ID: is.id, DryRun: r.options.dryRun, Outcome: outcomeText(is.outcome, false)}
	if is.err != nil {
		user.Outcome, user.Error = "failed", is.err.Error()
	}
	if e, ok := errors.AsType[*rest.Error](is.err); ok {
		user.Fields, user.Status, user.Executed = e.Fields, e.StatusCode, e.Executed.String()
	}
	line, _ := json.Marshal(user) // texts and numbers always marshal
	return line
}

// printSummary writes the sums and lists who failed.
func (r *report) printSummary(targets []*target) {
	if !r.options.quiet && !r.options.json {
		r.printf(r.summaryOut, "\n")
	}
	for _, t := range targets {
		r.printf(r.summaryOut, "%s; 429 responses: %d\n", t.tally.summary(), t.rateLimited())
	}
	var failed, unsent []string
	for _, t := range targets {
		failed = append(failed, t.failedLines(r)...)
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

// failedLines lists the users that failed, in this run and, if they have not been sent
// again, in earlier ones.
func (t *target) failedLines(r *report) []string {
	list := slices.Clone(t.tally.listed)
	for _, index := range slices.Sorted(maps.Keys(t.failedEarlier)) {
		entry := t.failedEarlier[index]
		is := result{index: index, line: t.lineOfFailed[index], user: entry.Key, err: errors.New(entry.Error)}
		list = append(list, r.userLine(t.name, is)+" (in an earlier run)")
	}
	if more := t.tally.failed + t.tally.earlier.Failed - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%-9s  and %d more failed", t.name, more))
	}
	return list
}

// oneLine is a text without line breaks and other control characters.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
}
