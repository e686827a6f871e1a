package usercom

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// DuplicateError is the error of [Client.Guard]: the API created a user twice. Delete
// one of the two users and use the other version of the API, see [WithVersion].
type DuplicateError struct {
	// UserID is the UserID of both users.
	UserID string
	// First and Second are the vendor's ids of the two users, or equal if the API reported
	// "created" twice for one user.
	First, Second int64
	// Version is the version of the API that the client uses.
	Version int
}

// Error contains both ids, but not the UserID.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("usercom: a second upsert of the same user was \"created\" again or had another id: ids %d and %d; "+
		"delete one of them and try version %d of the API", e.First, e.Second, 3-e.Version)
}

// Unwrap returns a *rest.Error, like that of every failed call.
func (e *DuplicateError) Unwrap() error {
	return &rest.Error{Provider: provider, Operation: opUpsert, Executed: rest.ExecutedYes, Message: "the API does not identify users by their UserID"}
}

// FailureClass reports that no user of a run can be upserted, see package upsert.
func (e *DuplicateError) FailureClass() (class string, suspected bool) { return "configuration", false }

// Guard returns [Client.UpsertUser] for a run, for example for upsert.All. It upserts
// the first user with the outcome Created a second time. Unless the outcome is then
// Updated with the same id, the server does not identify users by their UserID, and
// every upsert would create another user: Guard returns a *[DuplicateError] for this and
// every later user, without a request. It upserts one user at a time until the check has
// succeeded, or until an upsert has the outcome Updated: the server then found a user by
// its UserID.
func (c *Client) Guard() func(context.Context, UserInput) (upsert.Result[int64], error) {
	g := &guard{client: c, passed: make(chan struct{}), slot: make(chan struct{}, 1)}
	return g.upsertUser
}

type guard struct {
	client  *Client
	slot    chan struct{} // contains a value while a user is upserted before passed
	passed  chan struct{} // closed by pass
	pass    sync.Once
	checked atomic.Bool // check was called, or is being called
	failed  atomic.Pointer[DuplicateError]
}

func (g *guard) upsertUser(ctx context.Context, u UserInput) (upsert.Result[int64], error) {
	if ctx == nil {
		return g.client.UpsertUser(ctx, u) // returns an error
	}
	select {
	case <-g.passed:
	case <-ctx.Done():
		return upsert.Result[int64]{}, wrapper.NewError(provider, opUpsert, "waiting for the first upsert of the run", ctx.Err())
	case g.slot <- struct{}{}:
		defer func() { <-g.slot }()
	}
	if failed := g.failed.Load(); failed != nil {
		return upsert.Result[int64]{}, failed
	}
	result, err := g.client.UpsertUser(ctx, u)
	if err == nil && result.Outcome == upsert.Created && !g.checked.Swap(true) {
		err = g.check(ctx, u, result)
	}
	if err == nil {
		g.pass.Do(func() { close(g.passed) })
	}
	return result, err
}

// check upserts a user, whose first upsert had this result, a second time.
func (g *guard) check(ctx context.Context, u UserInput, first upsert.Result[int64]) error {
	second, err := g.client.UpsertUser(ctx, u)
	switch {
	case err != nil:
		g.checked.Store(false)                             // the next created user is checked
		err = wrapper.RaiseExecuted(err, rest.ExecutedYes) // the first upsert succeeded
		return fmt.Errorf("%w (checking that a second upsert creates no second user)", err)
	case second.Outcome != upsert.Updated || second.ID != first.ID:
		failed := &DuplicateError{UserID: u.UserID, First: first.ID, Second: second.ID, Version: g.client.version}
		g.failed.Store(failed)
		return failed
	}
	return nil
}
