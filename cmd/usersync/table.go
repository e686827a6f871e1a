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
	name       string
	columns    []column[U]
	identities func(U) []identity
	id         func(U) *int64 // the vendor's own, nil for none
	user       func(U) string
	client     func(access) (planner[U], error)
	home       string // where the provider is, unless its access says otherwise
	quotas     []backoff.QuotaSet
	env        []setting
	newFake    func() fake
}

func (t table[U]) title() string       { return t.name }
func (t table[U]) settings() []setting { return t.env }
func (t table[U]) fake() fake          { return t.newFake() }

func (t table[U]) documented() []backoff.QuotaSet { return t.quotas }

// whom tells accounts apart, by where they are and a fingerprint of the key: 32 bits,
// of which nobody can work the key out.
func (t table[U]) whom(a access) string {
	sum := sha256.Sum256([]byte("usersync journal\x00" + t.name + "\x00" + a.key))
	return fmt.Sprintf("%s, key %x", cmp.Or(a.baseURL, a.subdomain, t.home), sum[:4])
}

func (t table[U]) describe() []description {
	all := make([]description, 0, len(t.columns))
	for _, c := range t.columns {
		all = append(all, description{c.name, c.written, c.note})
	}
	return all
}

// required returns the fields that an empty user lacks.
func (t table[U]) required() []string {
	var empty U
	return slices.Sorted(maps.Keys(complaints(empty.Validate())))
}

// read makes a user of a row, with what is wrong with its cells.
func (t table[U]) read(r row) (user U, problems []problem) {
	for _, place := range r.places[t.name] {
		cell, given := r.at(place)
		if !given {
			continue
		}
		c := t.columns[place.column]
		if err := c.set(&user, cell); err != nil {
			column, _ := r.find(t.name, c.name)
			problems = append(problems, t.problem(r, column, err.Error()))
		}
	}
	return user, problems
}

// seen is what there is to remember of a user.
type seen struct {
	identities []identity
	id         *int64 // the vendor's own
}

// check reads a row and validates its user.
func (t table[U]) check(r row) (seen, []problem) {
	user, problems := t.read(r)
	if err := user.Validate(); err != nil {
		problems = append(problems, t.invalid(r, complaints(err), problems)...)
	}
	return seen{t.identities(user), t.id(user)}, problems
}

// invalid are the complaints about a row, but for those about cells that could
// not be read.
func (t table[U]) invalid(r row, wrong map[string][]string, unread []problem) (problems []problem) {
	required := t.required()
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		name, inner, nested := strings.Cut(field, ".")
		column, given := r.find(t.name, name)
		text := strings.Join(wrong[field], ", ")
		missing := !given && slices.Contains(required, name)
		switch {
		case missing && r.headed && r.lacks(t.name, name):
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

// complaints are the fields that an error of Validate names.
func complaints(err error) map[string][]string {
	e, ok := errors.AsType[*rest.Error](err)
	switch {
	case err == nil:
		return nil
	case ok && len(e.Fields) > 0:
		return e.Fields
	}
	return map[string][]string{"": {err.Error()}}
}
