package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// maxProblems is how many problems are shown.
const maxProblems = 100

// problem is something wrong with the input.
type problem struct {
	line      int    // 0: the input as a whole
	column    string // empty: the row as a whole
	text      string
	providers []string // to whom it matters; none: to all
}

func (p problem) String() string {
	var b strings.Builder
	if p.line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.line)
	}
	if p.column != "" {
		b.WriteString(p.column + ": ")
	}
	b.WriteString(p.text)
	if len(p.providers) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(p.providers, ", "))
	}
	return b.String()
}

func readError(err error) problem { return problem{text: "reading: " + err.Error()} }

// problems keeps the first of many.
type problems struct {
	first []problem
	total int
}

func (p *problems) add(more ...problem) {
	p.total += len(more)
	p.first = append(p.first, more[:min(len(more), maxProblems-len(p.first))]...)
}

// join adds those of another look at the same rows.
func (p *problems) join(more problems) {
	p.total += more.total
	p.first = append(p.first, more.first...)
	slices.SortStableFunc(p.first, func(a, b problem) int { return cmp.Compare(a.sortKey(), b.sortKey()) })
	p.first = p.first[:min(len(p.first), maxProblems)]
}

// sortKey puts what concerns no line after all lines.
func (p problem) sortKey() int {
	if p.line == 0 {
		return math.MaxInt
	}
	return p.line
}

// mergeProviders joins what several providers say of the same place in the same words.
func mergeProviders(list []problem) []problem {
	var out []problem
	for _, p := range list {
		i := slices.IndexFunc(out, func(o problem) bool {
			return o.line == p.line && o.column == p.column && o.text == p.text
		})
		if i < 0 {
			out = append(out, p)
			continue
		}
		out[i].providers = append(out[i].providers, p.providers...)
	}
	return out
}
