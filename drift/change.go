package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Group grades a change by its effect on usersync's clients.
type Group string

// The groups, worst first.
const (
	Breaking      Group = "breaking"      // something that worked may stop
	CheckByHand   Group = "check by hand" // the sources do not show the effect
	Additive      Group = "additive"      // the vendor offers more than the clients use
	Documentation Group = "documentation" // nothing on the wire
)

var groups = []Group{Breaking, CheckByHand, Additive, Documentation}

func (g Group) rank() int { return slices.Index(groups, g) }

// Change is a difference between the vendor's sources and usersync's spec.
type Change struct {
	Group      Group    `json:"group"`
	Place      string   `json:"place"`
	Operations []string `json:"operations,omitempty"`
	What       string   `json:"what"`
	Impact     string   `json:"impact"`
	// OurSource states what usersync's side rests on if that is less than a
	// published document: reference-page, third-party or inferred.
	OurSource string `json:"our_source,omitempty"`
	// Source is the page of prose that the change was read from.
	Source string `json:"source,omitempty"`
	// Overlay is the overlay action that the vendor made unnecessary.
	Overlay string `json:"overlay,omitempty"`
	// ID identifies the change in the baseline. Its operations do not count.
	ID string `json:"id"`
}

// withID returns the change with its ID.
func (c Change) withID() Change {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(c.Group), c.Place, c.What, c.Source}, "\x00")))
	c.ID = hex.EncodeToString(sum[:6])
	return c
}

func sortChanges(changes []Change) {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Group.rank(), b.Group.rank()), strings.Compare(a.Place, b.Place), strings.Compare(a.What, b.What))
	})
}
