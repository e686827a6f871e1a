package main

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
)

// userInput is the input of a provider's UpsertUser.
type userInput interface {
	Validate() error
	Key() string
}

// table maps the rows of a file to U. Its columns are the fields that U declares.
type table[U userInput] struct {
	name        string
	id          func(U) *int64 // the vendor's id; nil for none
	validate    func(U) error  // nil: U.Validate
	newClient   func(clientConfig) (prepareFunc[U], error)
	defaultHost string // used unless the client config has another
	quotas      []backoff.QuotaSet
	env         []envVar
	newFake     func() fake

	columns []column
}

// withColumns adds the columns of U.
func (t table[U]) withColumns() table[U] {
	t.columns = columnsOf[U]()
	return t
}

func (t table[U]) title() string                  { return t.name }
func (t table[U]) describe() []column             { return t.columns }
func (t table[U]) documented() []backoff.QuotaSet { return t.quotas }
func (t table[U]) envVars() []envVar              { return t.env }
func (t table[U]) fake() fake                     { return t.newFake() }

// accountID identifies an account by host and a fingerprint of the API key: 32 bits, from
// which the key cannot be derived.
func (t table[U]) accountID(c clientConfig) string {
	sum := sha256.Sum256([]byte("usersync journal\x00" + t.name + "\x00" + c.key))
	return fmt.Sprintf("%s, key %x", cmp.Or(c.baseURL, c.subdomain, t.defaultHost), sum[:4])
}

// readUser makes a user of a row. It reports cells that cannot be read, and warns about
// cells that a spreadsheet or a database export has probably changed.
func (t table[U]) readUser(r userfile.Row) (user U, problems, warnings []userfile.Problem) {
	for _, c := range t.columns {
		cell, column, isSet := r.Cell(t.name, c.Name)
		if !isSet {
			continue
		}
		if err := c.set(&user, cell); err != nil {
			problems = append(problems, t.problem(r, column, err.Error()))
		} else if damage, _ := userfile.Damage(strings.Trim(cell.Text, `"`)); damage != "" {
			warnings = append(warnings, t.problem(r, column, damage))
		} else if c.Format == "key" && userfile.FloatKey(cell.Text) != "" {
			warnings = append(warnings, t.problem(r, column, userfile.FloatKey(cell.Text)))
		}
	}
	return user, problems, warnings
}

// validRow is what the validation of a row found.
type validRow struct {
	unique             []uniqueValue
	id                 *int64 // the vendor's id
	problems, warnings []userfile.Problem
}

// validateRow reads a row and validates its user.
func (t table[U]) validateRow(r userfile.Row) (v validRow) {
	user, problems, warnings := t.readUser(r)
	validate := t.validate
	if validate == nil {
		validate = U.Validate
	}
	if err := validate(user); err != nil {
		problems = append(problems, t.validationProblems(r, fieldErrors(err), problems)...)
	}
	v = validRow{problems: problems, warnings: warnings}
	for _, c := range t.columns {
		if c.Required && (c.Format == "key" || c.Format == "email") {
			v.unique = append(v.unique, uniqueValue{c.Name, user.Key()})
			break
		}
	}
	if t.id != nil {
		if v.id = t.id(user); v.id != nil {
			v.unique = append(v.unique, uniqueValue{"id", strconv.FormatInt(*v.id, 10)})
		}
	}
	return v
}

// nameOf is what a user is called in the output: its email, or else its key.
func (t table[U]) nameOf(user U) string {
	for _, c := range t.columns {
		if c.Format == "email" {
			return cmp.Or(c.Of(&user).String(), user.Key())
		}
	}
	return user.Key()
}

// validationProblems are the field errors of a row, without those of unreadable cells.
func (t table[U]) validationProblems(r userfile.Row, fields map[string][]string, unread []userfile.Problem) (problems []userfile.Problem) {
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		name, inner, nested := strings.Cut(field, ".")
		_, column, isSet := r.Cell(t.name, name)
		switch {
		case !isSet && !r.IsJSON && !r.Has(t.name, name):
			continue // reported for the header
		case slices.ContainsFunc(unread, func(p userfile.Problem) bool { return p.Column == column }):
			continue
		case nested:
			column += "." + inner
		}
		problems = append(problems, t.problem(r, column, strings.Join(fields[field], ", ")))
	}
	return problems
}

func (t table[U]) problem(r userfile.Row, column, text string) userfile.Problem {
	return userfile.Problem{Line: r.Line, Column: column, Text: text, Groups: []string{t.name}}
}

// fieldErrors are the fields that an error of Validate names.
func fieldErrors(err error) map[string][]string {
	if e, ok := errors.AsType[*rest.Error](err); ok && len(e.Fields) > 0 {
		return e.Fields
	}
	return map[string][]string{"": {err.Error()}}
}
