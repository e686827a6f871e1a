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

import "fmt"

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

// MarshalText returns the text of String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText returns for one of the three outcomes.
func (o *Outcome) UnmarshalText(text []byte) error {
	for _, known := range []Outcome{Created, Updated, Unchanged} {
		if known.String() == string(text) {
			*o = known
			return nil
		}
	}
	return fmt.Errorf("outcome %q is not created, updated or unchanged", text)
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
