package main

import (
	"fmt"
	"strings"
)

// names are what columns may be called. Those of all providers are known,
// whoever was chosen: one file serves all.
type names struct {
	providers []providerNames
	known     map[string]bool
}

// providerNames are the columns of one provider, in the order of its table.
type providerNames struct {
	title   string
	columns []string
}

func newNames() names {
	n := names{known: make(map[string]bool)}
	for _, p := range providers() {
		own := providerNames{title: p.title()}
		for _, d := range p.describe() {
			own.columns = append(own.columns, d.name)
			n.known[d.name] = true
			n.known[own.title+"."+d.name] = true
		}
		n.providers = append(n.providers, own)
	}
	return n
}

const unknownColumn = "unknown column "

// check says what is wrong with the name of a column, if anything.
func (n names) check(name string) string {
	if n.known[name] {
		return ""
	}
	return unknownColumn + printable(name)
}

func (n names) isProvider(name string) bool {
	for _, p := range n.providers {
		if p.title == name {
			return true
		}
	}
	return false
}

// shape finds the columns of every provider among those of a file.
func (n names) shape(columns map[string]int, headed bool) *shape {
	s := &shape{headed: headed, columns: columns, places: make(map[string][]place, len(n.providers))}
	for _, p := range n.providers {
		for i, name := range p.columns {
			at := place{column: i, own: s.place(p.title + "." + name), common: s.place(name)}
			if at.own >= 0 || at.common >= 0 {
				s.places[p.title] = append(s.places[p.title], at)
			}
		}
	}
	return s
}

func (s *shape) place(column string) int {
	if i, ok := s.columns[column]; ok {
		return i
	}
	return -1
}

// String is what there is to choose from.
func (n names) String() string {
	var b strings.Builder
	b.WriteString("known columns:\n")
	for _, p := range n.providers {
		fmt.Fprintf(&b, "  %s: %s\n", p.title, strings.Join(p.columns, ", "))
	}
	b.WriteString("each also for one provider alone, as in identifai.pricing_id\n")
	return b.String()
}
