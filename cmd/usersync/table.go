package main

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// table maps the columns of a file to U, the input of a provider's UpsertUser.
type table[U interface{ Validate() error }] struct {
	name        string
	columns     []column[U]
	identities  func(U) []uniqueValue
	id          func(U) *int64 // the vendor's own, nil for none
	user        func(U) string
	newClient   func(clientConfig) (prepareFunc[U], error)
	defaultHost string // where the provider is, unless its access says otherwise
	quotas      []backoff.QuotaSet
	env         []envVar
	newFake     func() fake
}

func (t table[U]) title() string     { return t.name }
func (t table[U]) envVars() []envVar { return t.env }
func (t table[U]) fake() fake        { return t.newFake() }

func (t table[U]) documented() []backoff.QuotaSet { return t.quotas }

// accountID tells accounts apart, by where they are and a fingerprint of the key: 32 bits,
// of which nobody can work the key out.
func (t table[U]) accountID(a clientConfig) string {
	sum := sha256.Sum256([]byte("usersync journal\x00" + t.name + "\x00" + a.key))
	return fmt.Sprintf("%s, key %x", cmp.Or(a.baseURL, a.subdomain, t.defaultHost), sum[:4])
}

func (t table[U]) describe() []columnHelp {
	all := make([]columnHelp, 0, len(t.columns))
	for _, c := range t.columns {
		all = append(all, columnHelp{c.name, c.format, c.note})
	}
	return all
}

// required returns the fields that an empty user lacks.
func (t table[U]) required() []string {
	var empty U
	return slices.Sorted(maps.Keys(fieldErrors(empty.Validate())))
}

// readUser makes a user of a row, with what is wrong with its cells.
func (t table[U]) readUser(r row) (user U, problems []problem) {
	for _, place := range r.providerColumns[t.name] {
		cell, given := r.cellAt(place)
		if !given {
			continue
		}
		c := t.columns[place.column]
		if err := c.set(&user, cell); err != nil {
			column, _ := r.lookup(t.name, c.name)
			problems = append(problems, t.problem(r, column, err.Error()))
		}
	}
	return user, problems
}

// userKeys is what there is to remember of a user.
type userKeys struct {
	identities []uniqueValue
	id         *int64 // the vendor's own
}

// validateRow reads a row and validates its user.
func (t table[U]) validateRow(r row) (userKeys, []problem) {
	user, problems := t.readUser(r)
	if err := user.Validate(); err != nil {
		problems = append(problems, t.validationProblems(r, fieldErrors(err), problems)...)
	}
	return userKeys{t.identities(user), t.id(user)}, problems
}

// validationProblems are the complaints about a row, but for those about cells that could
// not be read.
func (t table[U]) validationProblems(r row, wrong map[string][]string, unread []problem) (problems []problem) {
	required := t.required()
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		name, inner, nested := strings.Cut(field, ".")
		column, given := r.lookup(t.name, name)
		text := strings.Join(wrong[field], ", ")
		missing := !given && slices.Contains(required, name)
		switch {
		case missing && r.hasHeader && r.missingColumn(t.name, name):
			continue // the header's fault, and reported there
		case slices.ContainsFunc(unread, func(p problem) bool { return p.column == column }):
			continue
		case missing:
			text = "is required"
		case nested:
			column += "." + printable(inner)
		}
		problems = append(problems, t.problem(r, column, text))
	}
	return problems
}

func (t table[U]) problem(r row, column, text string) problem {
	return problem{line: r.line, column: column, text: text, providers: []string{t.name}}
}

// fieldErrors are the fields that an error of Validate names.
func fieldErrors(err error) map[string][]string {
	e, ok := errors.AsType[*rest.Error](err)
	switch {
	case err == nil:
		return nil
	case ok && len(e.Fields) > 0:
		return e.Fields
	}
	return map[string][]string{"": {err.Error()}}
}
