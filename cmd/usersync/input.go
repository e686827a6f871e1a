package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/usersync/usersync/internal/userfile"
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
			found = append(found, seen.add(p, r, p.keyColumn(), u.Key())...)
			if id := p.idOf(u); id != nil {
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
