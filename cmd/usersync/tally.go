package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/usersync/usersync/upsert"
)

// maxListed is how many failed users of a provider are listed at the end.
const maxListed = 1000

// tally is what has become of the users at one provider.
type tally struct {
	name    string
	dry     bool
	total   int                  // users in the input
	earlier upsert.JournalCounts // on record from earlier runs

	mu           sync.Mutex
	outcomes     map[upsert.Outcome]int
	failed       int
	aborted      int      // cut short by the end of the run
	listed       []string // the first of those that failed
	finished     bool     // nobody is sent any more
	unsentReason string   // why the rest was not sent
}

func newTally(name string, dry bool) *tally {
	return &tally{name: name, dry: dry, outcomes: make(map[upsert.Outcome]int)}
}

// add counts a user; line is how it is listed if it failed.
func (t *tally) add(is result, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if is.err == nil {
		t.outcomes[is.outcome]++
		return
	}
	t.failed++
	t.list(line)
}

func (t *tally) list(line string) {
	if len(t.listed) < maxListed {
		t.listed = append(t.listed, line)
	}
}

// addAborted counts a user whose upsert the end of the run cut short, if anything was sent.
func (t *tally) addAborted(untouched bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !untouched {
		t.aborted++
	}
}

// unsentLine says how many users are left and why, nothing when nobody is.
func (t *tally) unsentLine() string {
	n := t.unsent()
	if n == 0 {
		return ""
	}
	text := fmt.Sprintf("%-9s  %s not sent: %s", t.name, plural(n, "user"), t.unsentReason)
	if t.aborted > 0 {
		text += fmt.Sprintf("; %d of them were being sent, and may be there", t.aborted)
	}
	return text
}

// finish says that nobody is sent any more, and why not all have been.
func (t *tally) finish(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finished, t.unsentReason = true, reason
}

// doneEarlier is how many users earlier runs have upserted or seen fail.
func (t *tally) doneEarlier() int {
	e := t.earlier
	return e.Created + e.Updated + e.Unchanged + e.Done + e.Failed
}

// done is how many users have been upserted or have failed by now.
func (t *tally) done() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.doneLocked()
}

func (t *tally) doneLocked() int {
	n := t.doneEarlier() + t.failed
	for _, of := range t.outcomes {
		n += of
	}
	return n
}

// unsent is how many users are left.
func (t *tally) unsent() int { return t.total - t.done() }

// counts are the numbers of each outcome in words.
func (t *tally) counts() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for _, outcome := range []upsert.Outcome{0, upsert.Created, upsert.Updated, upsert.Unchanged} {
		if n := t.outcomes[outcome]; n > 0 || outcome != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, outcomeText(outcome, t.dry)))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%d failed", t.failed)), ", ")
}

// shortCounts is counts for little room.
func (t *tally) shortCounts() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%d failed, %d done", t.failed, t.doneLocked()-t.doneEarlier()-t.failed)
}

// outcomeText is an outcome, or what a dry run says of it. None is what a dry run has when
// a provider cannot tell.
func outcomeText(outcome upsert.Outcome, dry bool) string {
	switch {
	case outcome == 0:
		return "valid"
	case dry && outcome == upsert.Created:
		return "to create"
	case dry && outcome == upsert.Updated:
		return "to update"
	}
	return outcome.String()
}

// summary is the line that ends the run of a provider.
func (t *tally) summary() string {
	text := fmt.Sprintf("%-9s  %s, %d not sent", t.name, t.counts(), t.unsent())
	if n := t.doneEarlier(); n > 0 {
		text += fmt.Sprintf(", %d done before", n)
	}
	return text
}
