// Package upsert holds what the three providers' UpsertUser methods have in
// common: the user exists once afterwards and looks as asked, and the result
// says what it took.
//
//	result, err := client.UpsertUser(ctx, user)
//	if err == nil && result.Outcome == upsert.Created {
//		store(result.ID)
//	}
//
// [All] upserts many users, and a [Journal] makes that resumable.
package upsert

import "fmt"

// Outcome is what an upsert did. The zero Outcome is none: the upsert failed.
type Outcome int

// The outcomes. After an answer was lost on the way, Created and Updated say
// what the last attempt reported.
const (
	// Created: there was no such user.
	Created Outcome = iota + 1
	// Updated: the user existed and has been written.
	Updated
	// Unchanged: the user existed and looked as asked, so nothing was written.
	Unchanged
)

// String returns "created", "updated" or "unchanged".
func (o Outcome) String() string {
	switch o {
	case Created:
		return "created"
	case Updated:
		return "updated"
	case Unchanged:
		return "unchanged"
	}
	return fmt.Sprintf("Outcome(%d)", int(o))
}

// Result is what an upsert returns. ID is the vendor's id of the user: an int64
// at identifAI and user.com, a string at Partoo.
type Result[ID comparable] struct {
	ID      ID
	Outcome Outcome
}

// journalRecord is what a journal keeps of the result. Results that embed Result have it too.
func (r Result[ID]) journalRecord() (id string, outcome Outcome) {
	return fmt.Sprint(r.ID), r.Outcome
}
