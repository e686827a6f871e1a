package main

import (
	"cmp"
	"slices"
	"strings"
)

// Group says how much a change matters.
type Group string

// The groups, worst first.
const (
	Breaking      Group = "breaking"      // something that worked may stop
	Additive      Group = "additive"      // there is more than we use
	Documentation Group = "documentation" // nothing on the wire
)

var groups = []Group{Breaking, Additive, Documentation}

func (g Group) rank() int { return slices.Index(groups, g) }

// Change is a difference between the vendor's document and ours.
type Change struct {
	Group       Group    `json:"group"`
	Place       string   `json:"place"`
	Operations  []string `json:"operations,omitempty"`
	What        string   `json:"what"`
	Consequence string   `json:"consequence"`
	// Ours is what our side of it rests on when that is less than a published
	// document: reference-page, third-party or inferred.
	Ours string `json:"ours,omitempty"`
}

func sortChanges(changes []Change) {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Group.rank(), b.Group.rank()), strings.Compare(a.Place, b.Place), strings.Compare(a.What, b.What))
	})
}
