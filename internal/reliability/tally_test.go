package reliability

import (
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/usercom"
)

// tally is what the matrix counts.
var tally struct {
	faults, cases, agreed, upserts, successes, asAsked, doubles atomic.Int64
}

// count takes in a case.
func (c testCase) count(t *testing.T, got seen) {
	tally.cases.Add(1)
	if !t.Failed() {
		tally.agreed.Add(1)
	}
	if !c.aboutUpsert() {
		return
	}
	tally.upserts.Add(1)
	if got.Outcome == "ok" {
		tally.successes.Add(1)
		if got.State == "as asked" {
			tally.asAsked.Add(1)
		}
	}
}

// secondCreates counts what a vendor who minds taken addresses less than the fake
// might have made a second user of: creates that it refused by itself. Where an
// upsert does not know of a user, one of them is how it learns.
func (c testCase) secondCreates(s subject) (n int) {
	if strings.HasSuffix(c.name, " of a taken address") || strings.HasPrefix(c.name, "Bulk.UpsertUser of a listed user") {
		return 0
	}
	for _, r := range s.server.Requests() {
		if !r.Faulted && r.Status >= 400 {
			n++
		}
	}
	return n
}

// aboutUpsert says whether the operation is an upsert.
func (c testCase) aboutUpsert() bool { return strings.Contains(c.name, "UpsertUser") }

// TestFaults sets every request of every operation against every fault: in memory,
// where time is virtual and waits are known to the nanosecond, or on the wire.
func TestFaults(t *testing.T) {
	t.Run("in memory", faultsInMemory)
	t.Run("on the wire", faultsOnTheWire)
	n := requestsOf(operations())
	cases, upserts, successes := tally.cases.Load(), tally.upserts.Load(), tally.successes.Load()
	figure(t, "faults × requests", "%d faults × %d requests of %d operations: %d cases", tally.faults.Load(), n, len(operations()), cases)
	figure(t, "error, attempts, `Executed`, time and state of the server as documented", "%d of %d cases", tally.agreed.Load(), cases)
	figure(t, "upserts that reported success under a fault", "%d of %d", successes, upserts)
	figure(t, "of these, the user exists once and looks as asked", "%d of %d", tally.asAsked.Load(), successes)
	figure(t, "upserts under a fault that made a user twice, or tried to", "%d of %d", tally.doubles.Load(), upserts)
}

func requestsOf(operations []operation) (n int) {
	for _, op := range operations {
		for _, place := range op.places {
			if !place.settled {
				n++
			}
		}
	}
	return n
}

// TestEveryMethodMeetsTheFaults keeps the matrix whole when a wrapper grows.
func TestEveryMethodMeetsTheFaults(t *testing.T) {
	t.Parallel()
	want := make(map[string]bool)
	for of, methods := range map[string]reflect.Type{
		"identifai ": reflect.TypeFor[*identifai.Client](), "identifai Bulk.": reflect.TypeFor[*identifai.Bulk](),
		"partoo ": reflect.TypeFor[*partoo.Client](), "partoo Bulk.": reflect.TypeFor[*partoo.Bulk](),
		"usercom ": reflect.TypeFor[*usercom.Client](),
	} {
		for method := range methods.Methods() {
			if method.Name != "API" { // the generated client, which sends nothing by itself
				want[of+method.Name] = true
			}
		}
	}
	got := make(map[string]bool)
	for _, op := range operations() {
		method, _, _ := strings.Cut(op.name, " ")
		got[op.provider+" "+method] = true
	}
	assert.Equal(t, want, got)
}
