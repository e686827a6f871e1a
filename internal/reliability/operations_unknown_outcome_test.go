package reliability

import (
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// doubtOperations are upserts that something has happened to already: what they
// do about it may fail too. The requests before are settled.
func identifaiDoubtOperations() []operation {
	lost := after(identifaiUpsert(nil), resttest.LostResponse().On("POST /api/partner/user"))
	return []operation{
		{name: "UpsertUser after a lost answer", method: "UpsertUser", start: lost, places: []place{
			{request: "create", settled: true},
			{request: "search", class: read, before: "as asked", after: "as asked", doubt: rest.ExecutedMaybe},
			{request: "update", class: idempotent, before: "as asked", after: "as asked", doubt: rest.ExecutedMaybe},
		}},
	}
}

func partooDoubtOperations() []operation {
	lost := after(partooUpsert(), resttest.LostResponse().On("POST /v2/user"))
	reset := after(partooUpsert(), resttest.Reset().On("POST /v2/user"))
	rewritten := map[string]int{"unknown enum values": 1}
	return []operation{
		{name: "UpsertUser after a lost answer", method: "UpsertUser", start: lost, places: []place{
			{request: "search", settled: true},
			{request: "create", settled: true},
			{request: "second search", class: read, before: "as asked", after: "as asked", doubt: rest.ExecutedMaybe, more: rewritten},
		}},
		{name: "UpsertUser after a reset", method: "UpsertUser", start: reset, places: []place{
			{request: "search", settled: true},
			{request: "create", settled: true},
			{request: "second search", class: read, before: "none", after: "none", doubt: rest.ExecutedMaybe, waited: firstWait},
			{request: "second create", class: once, before: "none", after: "as asked", doubt: rest.ExecutedMaybe, recovery: partooCreate, waited: 2 * firstWait},
		}},
	}
}

// after starts an operation that meets a fault of its own.
func after(start func(connection) subject, fault resttest.Fault) func(connection) subject {
	return func(c connection) subject {
		s := start(c)
		s.server.Fail(fault)
		return s
	}
}
