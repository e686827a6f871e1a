package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/progress"
	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/upsert"
)

// maxListed is the number of failed users of a provider that are listed at the end.
const maxListed = 1000

// tally counts the results of one provider.
type tally struct {
	name    string
	dryRun  bool
	total   int // users in the file
	earlier int // users that earlier runs upserted or failed

	mu           sync.Mutex
	outcomes     map[upsert.Outcome]int
	failed       int             // in this run
	failures     map[int]failure // by row, those of earlier runs included
	aborted      int             // in progress when the run ended
	finished     bool            // no more users are sent
	unsentReason string          // why not all were sent
	start        time.Time
	duration     time.Duration // until finished
}

// failure is a failed user: the line that is printed, and the reason.
type failure struct{ line, reason string }

func newTally(name string, dryRun bool) *tally {
	return &tally{name: name, dryRun: dryRun, outcomes: make(map[upsert.Outcome]int), failures: make(map[int]failure), start: time.Now()}
}

// add counts a result. line is what is printed for the user.
func (t *tally) add(res result, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if res.err == nil {
		t.outcomes[res.Outcome]++
		return
	}
	t.failed++
	t.failures[res.row] = failure{line, res.err.Error()}
}

// addAborted counts a user whose upsert was aborted after something was sent.
func (t *tally) addAborted() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.aborted++
}

// finish marks the end of sending, with the reason if not all users were sent.
func (t *tally) finish(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finished, t.unsentReason, t.duration = true, reason, time.Since(t.start)
}

// counts returns the results so far. Outcome 0 is a user of a dry run whose outcome cannot
// be predicted.
func (t *tally) counts() progress.Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	done := 0
	var parts []string
	for _, outcome := range []upsert.Outcome{0, upsert.Created, upsert.Updated, upsert.Unchanged} {
		n := t.outcomes[outcome]
		done += n
		if n > 0 || outcome != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, outcomeText(outcome, t.dryRun)))
		}
	}
	return progress.Counts{
		Done:     t.earlier + t.failed + done,
		Text:     fmt.Sprintf("%s, %d failed", strings.Join(parts, ", "), t.failed),
		Short:    fmt.Sprintf("%d failed, %d done", t.failed, done),
		Finished: t.finished,
	}
}

func (t *tally) unsent() int { return t.total - t.counts().Done }

// outcomeText names an outcome, or what a dry run predicts.
func outcomeText(outcome upsert.Outcome, dryRun bool) string {
	switch {
	case outcome == 0:
		return "valid"
	case dryRun && outcome == upsert.Created:
		return "to create"
	case dryRun && outcome == upsert.Updated:
		return "to update"
	}
	return outcome.String()
}

// summary is the line of the provider at the end of a run.
func (t *tally) summary() string {
	text := fmt.Sprintf("%-9s  %s, %d not sent", t.name, t.counts().Text, t.unsent())
	if t.earlier > 0 {
		text += fmt.Sprintf(", %d done before", t.earlier)
	}
	return text
}

// unsentLine returns how many users were not sent and why, or "" if all were sent.
func (t *tally) unsentLine() string {
	n := t.unsent()
	if n == 0 {
		return ""
	}
	text := fmt.Sprintf("%-9s  %s not sent: %s", t.name, userfile.Plural(n, "user"), t.unsentReason)
	if t.aborted > 0 {
		text += fmt.Sprintf("; %d of them were in progress and may exist", t.aborted)
	}
	return text
}

// failedLines lists the failed users in the order of the file.
func (t *tally) failedLines() (list []string) {
	for _, row := range slices.Sorted(maps.Keys(t.failures)) {
		if len(list) == maxListed {
			return append(list, fmt.Sprintf("%-9s  and %d more failed", t.name, len(t.failures)-maxListed))
		}
		list = append(list, t.failures[row].line)
	}
	return list
}
