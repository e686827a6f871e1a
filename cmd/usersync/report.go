package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/usersync/usersync/upsert"
)

// report writes what becomes of the users: a line for each as it happens, and
// the sums and all that went wrong at the end.
type report struct {
	out     io.Writer
	err     error // of the first write that failed
	digits  int   // of the largest line number
	tallies []*tally
	failed  []string
	unsent  []string
}

// tally is what has become of the users at one provider.
type tally struct {
	name     string
	outcomes map[upsert.Outcome]int
	failed   int
	unsent   int
	waits    waitLog
}

func newReport(out io.Writer, rows []row) *report {
	return &report{out: out, digits: len(fmt.Sprint(rows[len(rows)-1].line))}
}

// provider starts a tally.
func (r *report) provider(name string, waits waitLog) *tally {
	t := &tally{name: name, outcomes: make(map[upsert.Outcome]int), waits: waits}
	r.tallies = append(r.tallies, t)
	return t
}

func (r *report) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(r.out, format, args...); r.err == nil {
		r.err = err
	}
}

// user tells of one user.
func (r *report) user(t *tally, line int, is result) {
	outcome, detail := is.outcome.String(), ""
	if is.err != nil {
		outcome, detail = "failed", "  "+oneLine(is.err.Error())
	}
	if is.err != nil && is.outcome != 0 {
		detail = "  " + is.outcome.String() + ", but not complete:" + detail[1:]
	}
	text := fmt.Sprintf("%-9s  line %*d  %-9s  %s  %s%s",
		t.name, r.digits, line, outcome, printable(cmp.Or(is.id, "-")), printable(is.user), detail)
	r.printf("%s\n", text)
	if is.err != nil {
		t.failed++
		r.failed = append(r.failed, text)
		return
	}
	t.outcomes[is.outcome]++
}

// notSent tells of the users whose turn never came.
func (r *report) notSent(t *tally, rows []row, reason string) {
	if len(rows) == 0 {
		return
	}
	t.unsent = len(rows)
	r.unsent = append(r.unsent, fmt.Sprintf("%-9s  %s not sent, from line %d on: %s", t.name, count(len(rows), "user"), rows[0].line, reason))
}

// finish writes the end and returns whether all went well.
func (r *report) finish() bool {
	r.printf("\n")
	for _, t := range r.tallies {
		r.printf("%-9s  %d created, %d updated, %d unchanged, %d failed, %d not sent; waits after a 429: %d\n", t.name,
			t.outcomes[upsert.Created], t.outcomes[upsert.Updated], t.outcomes[upsert.Unchanged], t.failed, t.unsent, t.waits.throttled.Load())
	}
	for _, list := range [][]string{r.failed, r.unsent} {
		if len(list) > 0 {
			r.printf("\n%s\n", strings.Join(list, "\n"))
		}
	}
	return len(r.failed)+len(r.unsent) == 0
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
