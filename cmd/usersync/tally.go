package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/upsert"
)

// maxListed is the number of failed users of a provider that are listed at the end.
const maxListed = 1000

// tally counts the results of one provider.
type tally struct {
	name    string
	dryRun  bool
	total   int                  // users in the file
	earlier upsert.JournalCounts // of earlier runs

	mu           sync.Mutex
	outcomes     map[upsert.Outcome]int
	failed       int
	aborted      int      // aborted by the end of the run
	listed       []string // the first failed users
	finished     bool     // no more users are sent
	unsentReason string   // why not all were sent
	start        time.Time
	duration     time.Duration // until finished
}

func newTally(name string, dryRun bool) *tally {
	return &tally{name: name, dryRun: dryRun, outcomes: make(map[upsert.Outcome]int), start: time.Now()}
}

// add counts a result. If the user failed, line is listed at the end.
func (t *tally) add(res result, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if res.err == nil {
		t.outcomes[res.Outcome]++
		return
	}
	t.failed++
	if len(t.listed) < maxListed {
		t.listed = append(t.listed, line)
	}
}

// addAborted counts a user whose upsert was aborted after something was sent.
func (t *tally) addAborted(notSent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !notSent {
		t.aborted++
	}
}

// unsentLine says how many users were not sent and why. It is empty if all were sent.
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

// finish marks the end of sending, with the reason if not all users were sent.
func (t *tally) finish(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finished, t.unsentReason, t.duration = true, reason, time.Since(t.start)
}

func (t *tally) isFinished() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.finished
}

// doneEarlier is the number of users that earlier runs upserted or failed.
func (t *tally) doneEarlier() int {
	e := t.earlier
	return e.Created + e.Updated + e.Unchanged + e.Done + e.Failed
}

// done is the number of users that are upserted or failed.
func (t *tally) done() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.doneLocked()
}

func (t *tally) doneLocked() int {
	n := t.doneEarlier() + t.failed
	for _, count := range t.outcomes {
		n += count
	}
	return n
}

func (t *tally) unsent() int { return t.total - t.done() }

// counts returns the number of each outcome, as a long and a short text.
func (t *tally) counts() (long, short string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for _, outcome := range []upsert.Outcome{0, upsert.Created, upsert.Updated, upsert.Unchanged} {
		if n := t.outcomes[outcome]; n > 0 || outcome != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, outcomeText(outcome, t.dryRun)))
		}
	}
	long = strings.Join(append(parts, fmt.Sprintf("%d failed", t.failed)), ", ")
	return long, fmt.Sprintf("%d failed, %d done", t.failed, t.doneLocked()-t.doneEarlier()-t.failed)
}

// outcomeText names an outcome, or what a dry run predicts. An outcome of 0 means that the
// dry run cannot predict it.
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
	long, _ := t.counts()
	text := fmt.Sprintf("%-9s  %s, %d not sent", t.name, long, t.unsent())
	if n := t.doneEarlier(); n > 0 {
		text += fmt.Sprintf(", %d done before", n)
	}
	return text
}
