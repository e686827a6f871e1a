package main

import (
	"fmt"
	"strings"
)

// columnNames are what columns may be called. Those of all providers are known,
// whoever was chosen: one file serves all.
type columnNames struct {
	providers []providerColumns
	known     map[string]bool
}

// providerColumns are the columns of one provider, in the order of its table.
type providerColumns struct {
	title   string
	columns []string
}

func newNames() columnNames {
	n := columnNames{known: make(map[string]bool)}
	for _, p := range providers() {
		own := providerColumns{title: p.title()}
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

// problem says what is wrong with the name of a column, if anything.
func (n columnNames) problem(name string) string {
	if n.known[name] {
		return ""
	}
	return unknownColumn + printable(name)
}

func (n columnNames) isProvider(name string) bool {
	for _, p := range n.providers {
		if p.title == name {
			return true
		}
	}
	return false
}

// layout finds the columns of every provider among those of a file.
func (n columnNames) layout(columns map[string]int, headed bool) *layout {
	s := &layout{hasHeader: headed, columns: columns, providerColumns: make(map[string][]columnIndex, len(n.providers))}
	for _, p := range n.providers {
		for i, name := range p.columns {
			at := columnIndex{column: i, providerIndex: s.place(p.title + "." + name), sharedIndex: s.place(name)}
			if at.providerIndex >= 0 || at.sharedIndex >= 0 {
				s.providerColumns[p.title] = append(s.providerColumns[p.title], at)
			}
		}
	}
	return s
}

func (s *layout) place(column string) int {
	if i, ok := s.columns[column]; ok {
		return i
	}
	return -1
}

// String is what there is to choose from.
func (n columnNames) String() string {
	var b strings.Builder
	b.WriteString("known columns:\n")
	for _, p := range n.providers {
		fmt.Fprintf(&b, "  %s: %s\n", p.title, strings.Join(p.columns, ", "))
	}
	b.WriteString("each also for one provider alone, as in identifai.pricing_id\n")
	return b.String()
}
