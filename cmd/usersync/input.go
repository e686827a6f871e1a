package main

import (
	"fmt"
	"io"
	"os"

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
func groups() []userfile.Group {
	var all []userfile.Group
	for _, p := range providers() {
		g := userfile.Group{Name: p.title()}
		for _, c := range p.describe() {
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
func validate(f *userfile.File, selected []provider) input {
	in := input{File: f, ids: make(map[string][]int64)}
	var problems userfile.Problems
	if f.Header != nil {
		problems.Add(missingColumns(f.Header, selected)...)
	}
	seen := make(seenValues)
	for _, r := range f.Rows {
		var found, warnings []userfile.Problem
		for _, p := range selected {
			v := p.validateRow(r)
			found = append(append(found, v.problems...), seen.add(p.title(), r, v.unique)...)
			warnings = append(warnings, v.warnings...)
			if v.id != nil {
				in.ids[p.title()] = append(in.ids[p.title()], *v.id)
			}
		}
		problems.Add(found...)
		in.warnings.Add(warnings...)
	}
	f.Problems.Join(problems)
	return in
}

func missingColumns(header *userfile.Layout, selected []provider) (problems []userfile.Problem) {
	for _, p := range selected {
		for _, c := range p.describe() {
			if c.Required && !header.Has(p.title(), c.Name) {
				problems = append(problems, userfile.Problem{Line: header.Line, Text: "column " + c.Name + " is missing", Groups: []string{p.title()}})
			}
		}
	}
	return problems
}

// seenValues maps provider and field to the values read so far, each with its line.
type seenValues map[[2]string]map[string]int

// add records the unique values of a row. It returns a problem for each value that an
// earlier row contains.
func (s seenValues) add(provider string, r userfile.Row, values []uniqueValue) (problems []userfile.Problem) {
	for _, v := range values {
		lines := s[[2]string{provider, v.field}]
		if lines == nil {
			lines = make(map[string]int)
			s[[2]string{provider, v.field}] = lines
		}
		switch line, seen := lines[v.value]; {
		case v.value == "":
		case seen:
			_, column, _ := r.Cell(provider, v.field)
			problems = append(problems, userfile.Problem{Line: r.Line, Column: column, Text: fmt.Sprintf("the same user as on line %d", line), Groups: []string{provider}})
		default:
			lines[v.value] = r.Line
		}
	}
	return problems
}
