package userfile

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// maxProblems is the number of problems that are printed.
const maxProblems = 100

// Problem is an error in a file.
type Problem struct {
	Line   int    // 0: the file as a whole
	Column string // empty: the row as a whole
	Text   string
	Groups []string // concerned; none: all
}

func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Column != "" {
		b.WriteString(Printable(p.Column) + ": ")
	}
	b.WriteString(p.Text)
	if len(p.Groups) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(p.Groups, ", "))
	}
	return b.String()
}

// Problems counts problems and keeps the first of them.
type Problems struct {
	First []Problem
	Total int
}

// Add adds the problems of one place, in the order of the file. Equal problems of several
// groups become one.
func (p *Problems) Add(problems ...Problem) {
	var merged []Problem
	for _, one := range problems {
		i := slices.IndexFunc(merged, func(o Problem) bool {
			return o.Line == one.Line && o.Column == one.Column && o.Text == one.Text
		})
		if i >= 0 {
			merged[i].Groups = append(merged[i].Groups, one.Groups...)
		} else {
			merged = append(merged, one)
		}
	}
	p.Total += len(merged)
	p.First = append(p.First, merged[:min(len(merged), maxProblems-len(p.First))]...)
}

// Join adds the problems that another check of the same file found.
func (p *Problems) Join(other Problems) {
	p.Total += other.Total
	p.First = append(p.First, other.First...)
	slices.SortStableFunc(p.First, func(a, b Problem) int { return cmp.Compare(a.sortKey(), b.sortKey()) })
	p.First = p.First[:min(len(p.First), maxProblems)]
}

// sortKey sorts problems of the file as a whole to the end.
func (p Problem) sortKey() int {
	if p.Line == 0 {
		return math.MaxInt
	}
	return p.Line
}

// Print lists the problems, and the known columns if one is unknown.
func (p *Problems) Print(w io.Writer, groups []Group) {
	for _, one := range p.First {
		fmt.Fprintln(w, one)
	}
	if rest := p.Total - len(p.First); rest > 0 {
		fmt.Fprintf(w, "and %d more\n", rest)
	}
	if slices.ContainsFunc(p.First, func(one Problem) bool { return strings.HasPrefix(one.Text, unknownColumn) }) {
		fmt.Fprint(w, help(groups))
	}
}
