package reliability

import (
	"errors"
	"flag"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// modelFault is a fault that the models draw.
type modelFault struct {
	name        string
	fault       resttest.Fault
	rateLimited bool // a 429: retried for every method
	retried     bool // retried if that is safe
	executed    bool // the server executes the request
}

func modelFaults() []modelFault {
	executed := resttest.Status(503)
	executed.Execute = true
	return []modelFault{
		{name: "429", fault: resttest.Throttle("7"), rateLimited: true},
		{name: "429 without Retry-After", fault: resttest.Throttle(""), rateLimited: true},
		{name: "lost response", fault: resttest.LostResponse(), retried: true, executed: true},
		{name: "truncated response", fault: resttest.TruncatedResponse(0), retried: true, executed: true},
		{name: "reset", fault: resttest.Reset(), retried: true},
		{name: "503", fault: resttest.Status(503), retried: true},
		{name: "503 after execution", fault: executed, retried: true, executed: true},
		{name: "500", fault: resttest.Status(500)},
		{name: "truncated JSON", fault: resttest.Fault{Execute: true, Status: 200, Body: `{"id":`}, executed: true},
		{name: "HTML page", fault: resttest.Fault{Execute: true, Status: 200, Body: "<!DOCTYPE html><html></html>"}, executed: true},
	}
}

// only429s reports whether all faults of a call were 429s.
func only429s(faults []modelFault) bool { return len(without429s(faults)) == 0 }

func without429s(faults []modelFault) []modelFault {
	return slices.DeleteFunc(slices.Clone(faults), func(f modelFault) bool { return f.rateLimited })
}

// retries returns a rule for calls that succeed after up to limit faults that are retried.
func retries(limit int) func([]modelFault) bool {
	return func(faults []modelFault) bool {
		faults = without429s(faults)
		return len(faults) <= limit && !slices.ContainsFunc(faults, func(f modelFault) bool { return !f.retried })
	}
}

// anyOf returns a rule for calls with a fault that matches.
func anyOf(matches func(modelFault) bool) func([]modelFault) bool {
	return func(faults []modelFault) bool { return slices.ContainsFunc(faults, matches) }
}

var (
	// The first of two deletes may have deleted the user.
	not429 = anyOf(func(f modelFault) bool { return !f.rateLimited })
	// Where the body of a response is ignored, any success counts.
	truncatedJSON = anyOf(func(f modelFault) bool { return f.name == "truncated JSON" })
)

// world is the content of a fake: users by the vendor's id, and the number of emails.
type world map[string]any

// newUser is the id in a world of a user that the last step created.
const newUser = "new"

func (w world) with(id string, user any) world {
	w = maps.Clone(w)
	w[id] = user
	return w
}

func (w world) without(id string) world {
	w = maps.Clone(w)
	delete(w, id)
	return w
}

// expected is the set of allowed results of a call.
type expected struct {
	want     error                   // the result without faults
	after    world                   // the content of the fake after it; nil: no change
	between  []world                 // the contents between several writes
	survives func([]modelFault) bool // the faults that must not change the result; nil: 429s only
	// hides returns whether the call may succeed in spite of want.
	hides func([]modelFault) bool
	// createConflicts: a fault may hide that the first request is rejected.
	createConflicts bool
	// neverRetried: a 429 is not retried either.
	neverRetried bool
}

// model is the expected content of a fake.
type model struct {
	server  *resttest.Server
	observe func() world
	users   world
	last    []resttest.Request // of the last step
}

// step makes a call under faults and checks that its error and the content of the fake are
// allowed. It returns the faults that the call got.
func (m *model) step(t *rapid.T, e expected, call func() error) ([]modelFault, error) {
	faults := rapid.SliceOfN(rapid.SampledFrom(modelFaults()), 0, 3).Draw(t, "faults")
	for _, f := range faults {
		m.server.Fail(f.fault)
	}
	seen, start := len(m.server.Requests()), time.Now()
	err := call()
	m.server.ClearFaults()
	if took := time.Since(start); took > 10*time.Minute {
		t.Fatalf("took %v", took)
	}
	m.last = m.server.Requests()[seen:]
	faults = faults[:countFaulted(m.last)]
	now, before := m.observe(), m.users
	if e.after == nil {
		e.after = before
	}
	e.check(t, before, m.renamed(t, now), faults, err)
	m.users = now
	return faults, err
}

func countFaulted(requests []resttest.Request) (n int) {
	for _, r := range requests {
		if r.Faulted {
			n++
		}
	}
	return n
}

// renamed returns now with the id [newUser] for a user that did not exist before.
func (m *model) renamed(t *rapid.T, now world) world {
	renamed := world{}
	for id, user := range now {
		if _, existed := m.users[id]; !existed {
			id = newUser
		}
		if _, duplicate := renamed[id]; duplicate {
			t.Fatalf("several new users: %v", now)
		}
		renamed[id] = user
	}
	return renamed
}

// check fails t unless error and content are allowed.
func (e expected) check(t *rapid.T, before, now world, faults []modelFault, err error) {
	var failure *rest.Error
	if err != nil && !errors.As(err, &failure) {
		t.Fatalf("%T is not a *rest.Error: %v", err, err)
	}
	survives := only429s(faults) && (!e.neverRetried || len(faults) == 0) || e.survives != nil && e.survives(faults)
	allowed := []world{before}
	switch {
	case err == nil && e.want == nil:
		allowed = []world{e.after}
	case err == nil && (e.hides == nil || !e.hides(faults)):
		t.Fatalf("succeeded, want %v", e.want)
	case err == nil || e.want != nil && errors.Is(err, e.want):
	case survives:
		t.Fatalf("failed with %v, want %v", err, e.want)
	case failure.Executed == rest.ExecutedMaybe, e.createConflicts:
		allowed = append(append(allowed, e.between...), e.after)
	case failure.Executed == rest.ExecutedYes:
		allowed = append(e.between, e.after)
	}
	if !slices.ContainsFunc(allowed, func(w world) bool { return reflect.DeepEqual(w, now) }) {
		t.Fatalf("after %v the fake contains\n\t%v\nallowed\n\t%v", err, now, allowed)
	}
}

// pick draws the id of a user, or the unused id.
func (m *model) pick(t *rapid.T, unused string) (id string, exists bool) {
	ids := []string{unused}
	for id := range m.users {
		if id != emails {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	id = rapid.SampledFrom(ids).Draw(t, "id")
	return id, id != unused
}

// emails is the key of the number of emails in a world.
const emails = "emails"

// checkModel runs random sequences of actions, each on a new model in a bubble.
func checkModel(t *testing.T, name string, start func(t *rapid.T) map[string]func(*rapid.T)) {
	t.Helper()
	sequences, calls := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			sequences++
			actions := start(t)
			actions[""] = func(*rapid.T) { calls++ }
			t.Repeat(actions)
		})
	})
	checks := flag.Lookup("rapid.checks").Value
	figure(t, "random sequences of calls and faults on "+name+" that match the model (-rapid.checks "+checks.String()+")",
		"%d sequences, %d calls", sequences, calls-sequences)
}
