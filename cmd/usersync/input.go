package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// readInput reads and checks the whole file, or stdin, before anything is sent.
func readInput(o options, stdin io.Reader) ([]row, *problems, error) {
	in := stdin
	if o.file != "-" {
		file, err := os.Open(o.file)
		if err != nil {
			return nil, nil, err
		}
		defer file.Close()
		in = file
	}
	rows, found := check(rowsOf(in, o.format), o.providers)
	return rows, found, nil
}

func rowsOf(in io.Reader, format string) source {
	in = withoutMark(in)
	if format == "jsonl" {
		return jsonRows(in, newNames())
	}
	return csvRows(in, newNames())
}

// withoutMark skips the byte order mark that some programs put before UTF-8.
func withoutMark(in io.Reader) io.Reader {
	mark := []byte("\uFEFF")
	start := make([]byte, len(mark))
	n, err := io.ReadFull(in, start)
	if bytes.Equal(start, mark) {
		return in
	}
	if err != nil && err != io.ErrUnexpectedEOF {
		in = broken{err}
	}
	return io.MultiReader(bytes.NewReader(start[:n]), in)
}

// broken is what is left of an input that cannot be read.
type broken struct{ error }

func (b broken) Read([]byte) (int, error) { return 0, b.error }

// check returns the users among the rows, and everything that is wrong with them
// for one of the providers.
func check(rows source, chosen []provider) ([]row, *problems) {
	c := checker{providers: chosen, lines: make(map[identityOf]int)}
	var users []row
	for r, wrong := range rows {
		switch {
		case r.cells == nil && r.headed:
			c.found.add(wrong...)
			c.header(r)
		case len(wrong) > 0:
			c.found.add(wrong...)
		default:
			users = append(users, r)
			c.user(r)
		}
	}
	if len(users) == 0 && c.found.total == 0 {
		c.found.add(problem{text: "there are no users in it"})
	}
	return users, &c.found
}

type checker struct {
	providers []provider
	lines     map[identityOf]int // where it was seen first
	found     problems
}

type identityOf struct {
	provider string
	identity
}

// header looks for the columns that every user needs.
func (c *checker) header(r row) {
	var wrong []problem
	for _, p := range c.providers {
		for _, field := range p.required() {
			if r.lacks(p.title(), field) {
				wrong = append(wrong, problem{line: r.line, text: "the column " + field + " is missing", providers: []string{p.title()}})
			}
		}
	}
	c.found.add(merged(wrong)...)
}

func (c *checker) user(r row) {
	var wrong []problem
	for _, p := range c.providers {
		identities, more := p.check(r)
		wrong = append(wrong, more...)
		for _, id := range identities {
			if line := c.seen(identityOf{p.title(), id}, r.line); line > 0 {
				text := fmt.Sprintf("the same user as on line %d", line)
				wrong = append(wrong, problem{line: r.line, column: r.column(p.title(), id.field), text: text, providers: []string{p.title()}})
			}
		}
	}
	c.found.add(merged(wrong)...)
}

// seen returns the line on which an identity was seen before, or 0.
func (c *checker) seen(id identityOf, line int) int {
	if id.value == "" {
		return 0
	}
	before, ok := c.lines[id]
	if !ok {
		c.lines[id] = line
	}
	return before
}

// print tells of the problems with a file, and of the columns there are when one
// is unknown.
func (p *problems) print(w io.Writer, file string) {
	name := printable(file)
	if file == "-" {
		name = "standard input"
	}
	fmt.Fprintf(w, "usersync: %s: %s, nothing was sent:\n", name, count(p.total, "problem"))
	for _, one := range p.first {
		fmt.Fprintln(w, one)
	}
	if more := p.total - len(p.first); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	if slices.ContainsFunc(p.first, func(one problem) bool { return strings.HasPrefix(one.text, unknownColumn) }) {
		fmt.Fprint(w, newNames())
	}
}
