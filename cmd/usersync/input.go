package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
)

// readInput reads and validates the file of the options.
func readInput(o options, stdin io.Reader) (input, error) {
	in := stdin
	if o.file != "-" {
		file, err := os.Open(o.file)
		if err != nil {
			return input{}, err
		}
		defer file.Close()
		in = file
	}
	f, err := userfile.Read(in, groups(), userfile.Options{
		Format: o.format, Name: o.file, Separator: o.separator, Encoding: o.encoding, Mapping: o.columns,
	})
	if err != nil {
		return input{}, err
	}
	return validate(f, o.providers), nil
}

// groups are the columns of each provider. The columns of all providers are known,
// whichever are selected: one file serves all.
func groups() (all []userfile.Group) {
	for _, p := range providers() {
		g := userfile.Group{Name: p.name}
		for _, c := range p.columns {
			g.Columns = append(g.Columns, c.Name)
		}
		all = append(all, g)
	}
	return all
}

// input is a validated file.
type input struct {
	*userfile.File
	ids      map[string][]int64 // the vendors' ids in the file, by provider
	warnings userfile.Problems
}

// validate checks the rows for the providers. It adds what it finds to the problems of the
// file.
func validate(f *userfile.File, selected []*provider) input {
	in := input{File: f, ids: make(map[string][]int64)}
	var problems userfile.Problems
	if f.Header != nil {
		problems.Add(missingColumns(f.Header, selected)...)
	}
	seen := make(seenValues)
	for _, r := range f.Rows {
		var found, warnings []userfile.Problem
		for _, p := range selected {
			u, invalid, damaged := p.validateRow(r)
			found = append(found, invalid...)
			warnings = append(warnings, damaged...)
			found = append(found, seen.add(p, r, p.keyColumn, u.Key())...)
			if id := p.vendorID(u); id != nil {
				found = append(found, seen.add(p, r, "id", strconv.FormatInt(*id, 10))...)
				in.ids[p.name] = append(in.ids[p.name], *id)
			}
		}
		problems.Add(found...)
		in.warnings.Add(warnings...)
	}
	f.Problems.Join(problems)
	return in
}

func missingColumns(header *userfile.Layout, selected []*provider) (problems []userfile.Problem) {
	for _, p := range selected {
		for _, c := range p.columns {
			if c.Required && !header.Has(p.name, c.Name) {
				problems = append(problems, userfile.Problem{Line: header.Line, Text: "column " + c.Name + " is missing", Groups: []string{p.name}})
			}
		}
	}
	return problems
}

// seenValues maps provider and field to the values so far, each with its line.
type seenValues map[[2]string]map[string]int

// add records a value that only one row may have. It returns a problem if an earlier row
// contains it.
func (s seenValues) add(p *provider, r userfile.Row, field, value string) []userfile.Problem {
	key := [2]string{p.name, field}
	if s[key] == nil {
		s[key] = make(map[string]int)
	}
	if line, seen := s[key][value]; seen {
		_, column, _ := r.Cell(p.name, field)
		return []userfile.Problem{p.problem(r, column, fmt.Sprintf("the same user as on line %d", line))}
	}
	if value != "" {
		s[key][value] = r.Line
	}
	return nil
}

// readUser makes a user of a row. It reports cells that cannot be read, and warns about
// cells that a spreadsheet or a database export has probably changed.
func (p *provider) readUser(r userfile.Row) (u user, problems, warnings []userfile.Problem) {
	u = p.newUser()
	for _, c := range p.columns {
		cell, name, isSet := r.Cell(p.name, c.Name)
		if !isSet {
			continue
		}
		value, err := cell.Value(c)
		if err != nil {
			problems = append(problems, p.problem(r, name, err.Error()))
			continue
		}
		c.Set(u, value)
		damage, _ := userfile.Damage(strings.Trim(cell.Text, `"`))
		if damage == "" && c.Format == "key" {
			damage = userfile.FloatKey(cell.Text)
		}
		if damage != "" {
			warnings = append(warnings, p.problem(r, name, damage))
		}
	}
	return u, problems, warnings
}

// validateRow reads a row and validates its user.
func (p *provider) validateRow(r userfile.Row) (u user, problems, warnings []userfile.Problem) {
	u, problems, warnings = p.readUser(r)
	if err := p.validate(u); err != nil {
		problems = append(problems, p.validationProblems(r, err, problems)...)
	}
	return u, problems, warnings
}

// validationProblems are the fields that an error of Validate names, without those of
// unreadable cells.
func (p *provider) validationProblems(r userfile.Row, err error, unread []userfile.Problem) (problems []userfile.Problem) {
	texts := map[string][]string{"": {err.Error()}}
	if e, ok := errors.AsType[*rest.Error](err); ok && len(e.Fields) > 0 {
		texts = e.Fields
	}
	for _, field := range slices.Sorted(maps.Keys(texts)) {
		name, inner, nested := strings.Cut(field, ".")
		_, column, isSet := r.Cell(p.name, name)
		switch {
		case !isSet && !r.IsJSON && !r.Has(p.name, name):
			continue // reported for the header
		case slices.ContainsFunc(unread, func(p userfile.Problem) bool { return p.Column == column }):
			continue
		case nested:
			column += "." + inner
		}
		problems = append(problems, p.problem(r, column, strings.Join(texts[field], ", ")))
	}
	return problems
}

func (p *provider) problem(r userfile.Row, column, text string) userfile.Problem {
	return userfile.Problem{Line: r.Line, Column: column, Text: text, Groups: []string{p.name}}
}

// nameOf is what a user is called in the output: its email, or else its key.
func (p *provider) nameOf(u user) string {
	for _, c := range p.columns {
		if c.Format == "email" {
			return cmp.Or(c.Of(u).String(), u.Key())
		}
	}
	return u.Key()
}
