// Package wrapper contains helpers that the provider packages share.
package wrapper

import (
	"errors"

	"github.com/usersync/usersync/rest"
)

// NewError returns a *rest.Error of an operation that failed for another reason than an
// error response, for example a lookup that found no user. cause may be nil.
func NewError(provider, operation, message string, cause error) error {
	return &rest.Error{Provider: provider, Operation: operation, Message: message, Err: cause}
}

// ExecutedOf returns whether the failed request was executed; no for an error that
// contains no *rest.Error.
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

// RaiseExecuted returns err with Executed raised to the given value, so that it
// describes the whole call and not only the last request.
func RaiseExecuted(err error, executed rest.Executed) error {
	if ExecutedOf(err) < executed {
		SetExecuted(err, executed)
	}
	return err
}

// PtrOrNil returns a pointer to v, or nil if v is the zero value.
func PtrOrNil[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return new(v) // &v would put every v on the heap, also those not returned
}

// Deref returns the value that p points to, or the zero value if p is nil.
func Deref[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
