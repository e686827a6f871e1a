package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// table maps the columns of a file to U, the input of a provider's UpsertUser.
type table[U interface{ Validate() error }] struct {
	name       string
	columns    []column[U]
	identities func(U) []identity
	user       func(U) string
	client     func(access) (upsertUser[U], error)
	env        []setting
	newFake    func() fake
}

// upsertUser is a provider's UpsertUser with its id as text.
type upsertUser[U any] func(context.Context, U) (id string, outcome upsert.Outcome, err error)

func (t table[U]) title() string       { return t.name }
func (t table[U]) settings() []setting { return t.env }
func (t table[U]) fake() fake          { return t.newFake() }

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
	for _, c := range t.columns {
		column, cell := r.cell(t.name, c.name)
		if !cell.given() {
			continue
		}
		if err := c.set(&user, cell); err != nil {
			problems = append(problems, t.problem(r, column, err.Error()))
		}
	}
	return user, problems
}

// check reads a row and validates its user.
func (t table[U]) check(r row) ([]identity, []problem) {
	user, problems := t.read(r)
	unread := len(problems)
	wrong := complaints(user.Validate())
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		name, inner, nested := strings.Cut(field, ".")
		column, cell := r.cell(t.name, name)
		text := strings.Join(wrong[field], ", ")
		missing := !cell.given() && slices.Contains(t.required(), name)
		switch {
		case missing && r.headed && r.lacks(t.name, name):
			continue // the header's fault, and reported there
		case slices.ContainsFunc(problems[:unread], func(p problem) bool { return p.column == column }):
			continue
		case missing:
			text = "is required"
		case nested:
			column += "." + printable(inner)
		}
		problems = append(problems, t.problem(r, column, text))
	}
	return t.identities(user), problems
}

func (t table[U]) problem(r row, column, text string) problem {
	return problem{line: r.line, column: column, text: text, providers: []string{t.name}}
}

// connect opens the provider. Nothing is sent yet.
func (t table[U]) connect(a access) (send, error) {
	upsertUser, err := t.client(a)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r row) result {
		user, _ := t.read(r)
		id, outcome, err := upsertUser(ctx, user)
		if outcome == 0 {
			id = ""
		}
		return result{user: t.user(user), id: id, outcome: outcome, err: err}
	}, nil
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
