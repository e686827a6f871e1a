// Package upsert contains what the UpsertUser methods of the three providers have in
// common. After an upsert the user exists once and matches the input; the result
// contains what was done:
//
//	result, err := client.UpsertUser(ctx, user)
//	if err == nil && result.Outcome == upsert.Created {
//		store(result.ID)
//	}
//
// [All] upserts many users, and a [Journal] makes such a run resumable.
package upsert

import (
	"fmt"
	"slices"
)

// Outcome is what an upsert did. The zero value means that the upsert failed.
type Outcome int

// The outcomes. After a lost response, Created and Updated are what the last
// attempt reported.
const (
	// Created: the user did not exist.
	Created Outcome = iota + 1
	// Updated: the user existed and was changed.
	Updated
	// Unchanged: the user existed and matched the input, so nothing was sent.
	Unchanged
)

var outcomes = [...]string{Created: "created", Updated: "updated", Unchanged: "unchanged"}

// String returns "created", "updated" or "unchanged".
func (o Outcome) String() string {
	if o < Created || o > Unchanged {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return outcomes[o]
}

// MarshalText returns the text of String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText returns for one of the three outcomes.
func (o *Outcome) UnmarshalText(text []byte) error {
	i := slices.Index(outcomes[Created:], string(text))
	if i < 0 {
		return fmt.Errorf("outcome %q is not created, updated or unchanged", text)
	}
	*o = Created + Outcome(i)
	return nil
}

// Result is what an upsert returns. ID is the vendor's id of the user: an int64
// at identifAI and user.com, a string at Partoo.
type Result[ID comparable] struct {
	ID      ID
	Outcome Outcome
}

// journalRecord returns what a journal records of the result. Types that embed
// Result have this method, too.
func (r Result[ID]) journalRecord() (id string, outcome Outcome) {
	return fmt.Sprint(r.ID), r.Outcome
}

// Preview is what an upsert would do.
type Preview[ID comparable] struct {
	Result[ID]
	// Changes are the fields that an update would send. It is empty unless the
	// outcome is Updated.
	Changes []Change
}

// Change is one field that an update would send.
type Change struct {
	// Field is the vendor's name of the field.
	Field string `json:"field"`
	// Old is the present value; nil if it is unknown or not set.
	Old any `json:"old"`
	// New is the value to be sent; nil for a password, which is never shown.
	New any `json:"new"`
}
