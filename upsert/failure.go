package upsert

import (
	"errors"
	"fmt"
	"time"
)

// ErrIncomplete is what the error of the last item of an incomplete run matches.
var ErrIncomplete = errors.New("run incomplete")

// IncompleteError is the error of the last item of a run that ended early.
type IncompleteError struct {
	// Reason is the first reason for the end of the run.
	Reason error
	// NotSent is the number of users that neither succeeded nor failed. The rest of
	// the input is read to count them, up to 1,000,000 users or 100 ms.
	NotSent int

	atLeast bool // the rest of the input was not read to its end
}

// Error returns the number of users not sent and the reason.
func (e *IncompleteError) Error() string {
	users := fmt.Sprintf("%d users", e.NotSent)
	switch {
	case e.atLeast:
		users = "at least " + users
	case e.NotSent == 1:
		users = "1 user"
	}
	return fmt.Sprintf("upsert: %v: %s not sent: %v", ErrIncomplete, users, e.Reason)
}

// Is matches ErrIncomplete.
func (e *IncompleteError) Is(target error) bool { return target == ErrIncomplete }

// Unwrap returns the reason.
func (e *IncompleteError) Unwrap() error { return e.Reason }

// failure describes an error as *rest.Error does.
type failure struct {
	class string
	// suspected: one failure alone does not prove that the configuration is wrong.
	suspected bool
	wait      time.Duration // until the next attempt, 0 if unknown
}

const (
	classUser          = "user"
	classService       = "service"
	classConfiguration = "configuration"
)

// classify returns the failure that err describes, of class user by default.
func classify(err error) failure {
	var f failure
	if e, ok := errors.AsType[interface {
		error
		FailureClass() (class string, suspected bool)
	}](err); ok {
		f.class, f.suspected = e.FailureClass()
	}
	if e, ok := errors.AsType[interface {
		error
		FailureWait() time.Duration
	}](err); ok {
		f.wait = e.FailureWait()
	}
	if f.class != classService && f.class != classConfiguration {
		f.class = classUser
	}
	return f
}
