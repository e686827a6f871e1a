package userfile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	maxProblems  = 100 // that are printed
	maxPrintable = 100 // characters of an untrusted text that are printed
)

// Problem is an error in a file.
type Problem struct {
	Line   int    // 0: the file as a whole
	Column string // empty: the row as a whole
	Text   string
	Groups []string // concerned; none: all
}

func (p Problem) String() string {
	text := p.Text
	if p.Column != "" {
		text = Printable(p.Column) + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	if len(p.Groups) > 0 {
		text += " (" + strings.Join(p.Groups, ", ") + ")"
	}
	return text
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
	slices.SortStableFunc(p.First, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	p.First = p.First[:min(len(p.First), maxProblems)]
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

// Printable makes an untrusted text safe for a terminal: shortened, and quoted if it
// contains anything but visible characters and spaces.
func Printable(text string) string {
	if runes := []rune(text); len(runes) > maxPrintable {
		text = string(runes[:maxPrintable]) + "…"
	}
	isHidden := func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
	if text == "" || strings.ContainsFunc(text, isHidden) {
		return strconv.Quote(text)
	}
	return text
}

// Plural is a number with its noun.
func Plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
