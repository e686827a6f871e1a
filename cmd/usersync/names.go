package main

import (
	"fmt"
	"strings"
)

// names are what columns may be called. Those of all providers are known,
// whoever was chosen: one file serves all.
type names struct {
	providers []provider
	known     map[string]bool
}

func newNames() names {
	n := names{providers(), make(map[string]bool)}
	for _, p := range n.providers {
		for _, d := range p.describe() {
			n.known[d.name] = true
			n.known[p.title()+"."+d.name] = true
		}
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
		if p.title() == name {
			return true
		}
	}
	return false
}

// String is what there is to choose from.
func (n names) String() string {
	var b strings.Builder
	b.WriteString("known columns:\n")
	for _, p := range n.providers {
		var columns []string
		for _, d := range p.describe() {
			columns = append(columns, d.name)
		}
		fmt.Fprintf(&b, "  %s: %s\n", p.title(), strings.Join(columns, ", "))
	}
	b.WriteString("each also for one provider alone, as in identifai.pricing_id\n")
	return b.String()
}
