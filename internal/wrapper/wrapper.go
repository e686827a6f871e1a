// Package wrapper contains helpers that the provider packages share.
package wrapper

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// NewError returns a *rest.Error without a response, for example of a lookup that found
// no user. cause may be nil.
func NewError(provider, operation, message string, cause error) error {
	return &rest.Error{Provider: provider, Operation: operation, Message: message, Err: cause}
}

// ExecutedOf returns Executed of the *rest.Error in err; no if there is none.
func ExecutedOf(err error) rest.Executed {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		return e.Executed
	}
	return rest.ExecutedNo
}

// SetExecuted sets Executed of the *rest.Error in err, if there is one.
func SetExecuted(err error, executed rest.Executed) {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		e.Executed = executed
	}
}

// RaiseExecuted returns err with Executed raised to that of earlier requests of the call.
func RaiseExecuted(err error, executed rest.Executed) error {
	SetExecuted(err, max(ExecutedOf(err), executed))
	return err
}

// MissingError is the error of a response without a required field.
func MissingError(field string) error { return fmt.Errorf("unexpected response: no %q", field) }

// RequireID returns an error if the id of a response is 0, negative or empty.
func RequireID[ID cmp.Ordered](id ID) error {
	if id <= *new(ID) {
		return MissingError("id")
	}
	return nil
}

// RequireIDs is RequireID for every item of a list.
func RequireIDs[T any, ID cmp.Ordered](list []T, id func(T) ID) error {
	for _, item := range list {
		if err := RequireID(id(item)); err != nil {
			return err
		}
	}
	return nil
}

// OnlyUser returns the only user with an email. No user is an error that matches
// rest.ErrNotFound; several are one that matches rest.ErrConflict and contains their ids.
func OnlyUser[U any](provider, operation string, users []U, id func(U) int64) (user U, err error) {
	switch len(users) {
	case 0:
		return user, NewError(provider, operation, "no user has this email", rest.ErrNotFound)
	case 1:
		return users[0], nil
	}
	const maxIDs = 10
	var ids []string
	for _, user := range users[:min(len(users), maxIDs)] {
		ids = append(ids, strconv.FormatInt(id(user), 10))
	}
	message := fmt.Sprintf("%d users have this email: id %s", len(users), strings.Join(ids, ", "))
	return user, NewError(provider, operation, message, rest.ErrConflict)
}

// NewPreview returns the preview of an existing user with these changes.
func NewPreview[ID comparable](id ID, changes []upsert.Change) (p upsert.Preview[ID]) {
	p.ID, p.Outcome, p.Changes = id, upsert.Unchanged, changes
	if len(changes) > 0 {
		p.Outcome = upsert.Updated
	}
	return p
}

// Deref returns the value that p points to, or the zero value if p is nil.
func Deref[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
