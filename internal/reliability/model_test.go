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

// trouble is a fault as the models draw it.
type trouble struct {
	name  string
	fault resttest.Fault
	// refused: a 429, waited out for every method.
	refused bool
	// passes: the request is repeated where that is safe.
	passes bool
	// acts: the server did what was asked.
	acts bool
}

func troubles() []trouble {
	acted := resttest.Status(503)
	acted.Execute = true
	return []trouble{
		{name: "429", fault: resttest.Throttle("7"), refused: true},
		{name: "429 without a wish", fault: resttest.Throttle(""), refused: true},
		{name: "answer lost", fault: resttest.LostResponse(), passes: true, acts: true},
		{name: "answer broken off", fault: resttest.TruncatedResponse(0), passes: true, acts: true},
		{name: "reset", fault: resttest.Reset(), passes: true},
		{name: "503", fault: resttest.Status(503), passes: true},
		{name: "503 that acted", fault: acted, passes: true, acts: true},
		{name: "500", fault: resttest.Status(500)},
		{name: "garbage", fault: resttest.Fault{Execute: true, Status: 200, Body: `{"id":`}, acts: true},
		{name: "page", fault: resttest.Fault{Execute: true, Status: 200, Body: "<!DOCTYPE html><html></html>"}, acts: true},
	}
}

// calm reports whether nothing happened that is not waited out.
func calm(met []trouble) bool { return len(without429(met)) == 0 }

func without429(met []trouble) []trouble {
	return slices.DeleteFunc(slices.Clone(met), func(t trouble) bool { return t.refused })
}

// passing returns a rule for calls that survive so many faults that pass.
func passing(most int) func([]trouble) bool {
	return func(met []trouble) bool {
		met = without429(met)
		return len(met) <= most && !slices.ContainsFunc(met, func(t trouble) bool { return !t.passes })
	}
}

// anyOf returns a rule for calls that meet such a fault.
func anyOf(such func(trouble) bool) func([]trouble) bool {
	return func(met []trouble) bool { return slices.ContainsFunc(met, such) }
}

var (
	// Of two deletes, the first may have done it.
	unanswered = anyOf(func(t trouble) bool { return !t.refused })
	// Where an answer holds nothing of use, any success will do.
	garbled = anyOf(func(t trouble) bool { return t.name == "garbage" })
)

// world is what a fake holds: users by the vendor's id, and counts of mails.
type world map[string]any

// fresh is the id in a world of a user who came with the last step.
const fresh = "new"

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

// expected is what a call may come to.
type expected struct {
	want     error                // how it ends when nothing goes wrong; nil: well
	after    world                // and what there is then; nil: what there was before
	between  []world              // what a call of several writes passes through
	survives func([]trouble) bool // the faults that must not show; nil: none but 429s
	// hides: the faults after which it may end well although want stands.
	hides func([]trouble) bool
	// lied: a fault may turn the refusal of its first request into a success.
	lied bool
	// once: not even a 429 is waited out.
	once bool
}

// model holds what a fake must hold.
type model struct {
	server  *resttest.Server
	observe func() world
	users   world
	last    []resttest.Request // of the last step
}

// step makes a call under faults, and checks that its error and what the fake
// holds then are among what is allowed. It returns the faults it met.
func (m *model) step(t *rapid.T, e expected, call func() error) ([]trouble, error) {
	faults := rapid.SliceOfN(rapid.SampledFrom(troubles()), 0, 3).Draw(t, "faults")
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
	met := faults[:countFaulted(m.last)]
	have, known := m.observe(), m.users
	if e.after == nil {
		e.after = known
	}
	e.judge(t, known, m.renamed(t, have), met, err)
	m.users = have
	return met, err
}

func countFaulted(requests []resttest.Request) (n int) {
	for _, r := range requests {
		if r.Faulted {
			n++
		}
	}
	return n
}

// renamed is have with the id of a user who was not there before as [fresh].
func (m *model) renamed(t *rapid.T, have world) world {
	named := world{}
	for id, user := range have {
		if _, known := m.users[id]; !known {
			id = fresh
		}
		if _, twice := named[id]; twice {
			t.Fatalf("several new users: %v", have)
		}
		named[id] = user
	}
	return named
}

// judge fails t unless error and world are allowed.
func (e expected) judge(t *rapid.T, before, have world, met []trouble, err error) {
	var failure *rest.Error
	if err != nil && !errors.As(err, &failure) {
		t.Fatalf("%T is no *rest.Error: %v", err, err)
	}
	survives := calm(met) && (!e.once || len(met) == 0) || e.survives != nil && e.survives(met)
	allowed := []world{before}
	switch {
	case err == nil && e.want == nil:
		allowed = []world{e.after}
	case err == nil && (e.hides == nil || !e.hides(met)):
		t.Fatalf("succeeded, want %v", e.want)
	case err == nil || e.want != nil && errors.Is(err, e.want):
	case survives:
		t.Fatalf("failed with %v, want %v", err, e.want)
	case failure.Executed == rest.ExecutedMaybe, e.lied:
		allowed = append(append(allowed, e.between...), e.after)
	case failure.Executed == rest.ExecutedYes:
		allowed = append(e.between, e.after)
	}
	if !slices.ContainsFunc(allowed, func(w world) bool { return reflect.DeepEqual(w, have) }) {
		t.Fatalf("after %v the fake holds\n\t%v\nallowed\n\t%v", err, have, allowed)
	}
}

// pick draws the id of a user who exists, mostly, or one that nobody has.
func (m *model) pick(t *rapid.T, nobody string) (id string, exists bool) {
	ids := []string{nobody}
	for id := range m.users {
		if id != mails {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	id = rapid.SampledFrom(ids).Draw(t, "id")
	return id, id != nobody
}

// mails is where a world counts mails.
const mails = "mails"

// modelled checks sequences of actions on a fresh model each, in a bubble.
func modelled(t *testing.T, name string, start func(t *rapid.T) map[string]func(*rapid.T)) {
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
	figure(t, "random sequences of calls and faults on "+name+" that end as a model says (-rapid.checks "+checks.String()+")",
		"%d sequences, %d calls", sequences, calls-sequences)
}
