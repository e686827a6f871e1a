package main

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
)

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
	validate := p.validate
	if validate == nil {
		validate = user.Validate
	}
	if err := validate(u); err != nil {
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

// keyColumn is the name of the column that identifies users.
func (p *provider) keyColumn() string {
	i := slices.IndexFunc(p.columns, func(f fields.Field) bool { return f.Required && (f.Format == "key" || f.Format == "email") })
	return p.columns[i].Name
}

// idOf is the vendor's id of a user, nil for none.
func (p *provider) idOf(u user) *int64 {
	if p.vendorID == nil {
		return nil
	}
	return p.vendorID(u)
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
