package partoo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const (
	opUpsert = "UpsertUser"

	// maxRounds is the maximum number of lookups followed by a write. One round is
	// enough unless another client writes the same user or a response is lost.
	maxRounds = 3
)

// UpsertUser makes sure that exactly one user with this email exists and matches u.
// It returns the user's id and whether the user was created, updated or unchanged.
//
// It searches for the email, in any letter case. If no user has it, the user is
// created. Otherwise only the fields that differ are sent, and nothing if none
// does. A field that the response does not contain, or not in a readable form, is
// unknown and is sent, so such a user is Updated each time. BusinessIDs and Accesses
// are omitted if Partoo ignores them for the role: u.Role, or else the user's
// present role. Lists are compared as sets.
//
// A create that fails with 400, 409 or 422 may mean that another client created the
// user: UpsertUser searches again and updates the user. If it finds none, it returns
// the error; the email may belong to a user that this key cannot see.
//
// If the outcome of a create is unknown (lost or unreadable response, 5xx),
// UpsertUser waits as long as the retry policy says, at least 5 seconds, and searches
// again, since Partoo may still be executing the create. If it finds no user, it
// creates the user again, unless the response reported success or an invitation may
// have been sent: then it returns the error, with Executed yes or maybe. A user that
// is deleted between search and update is created. There are at most 3 creates.
//
// Two users with this email are an error that matches rest.ErrConflict. After a lost
// response, the outcome is that of the last attempt: a user that the lost attempt
// created is Updated or Unchanged. Created users are not read back.
func (c *Client) UpsertUser(ctx context.Context, u UserInput) (result upsert.Result[string], err error) {
	ctx, end := c.rest.StartOperation(ctx, rest.Call{Operation: opUpsert, Secrets: secrets(&u.OnCreate.Password)})
	defer func() { end(result.Outcome, err) }()
	if err := u.Validate(); err != nil {
		return upsert.Result[string]{}, err
	}
	return c.upsert(ctx, u, c.find)
}

// lookupFunc returns the user with the email, or nil if there is none.
type lookupFunc func(ctx context.Context, operation, email string) (*User, error)

// upsert is UpsertUser for valid input. find makes the first lookup.
func (c *Client) upsert(ctx context.Context, u UserInput, find lookupFunc) (result upsert.Result[string], err error) {
	var executed rest.Executed // highest of all creates
	defer func() { err = wrapper.RaiseExecuted(err, executed) }()
	var last error // of the previous round
	unknown := 0   // creates with unknown outcome
	mayCreate := true
	for round := 1; ; round++ {
		have, err := find(ctx, opUpsert, u.Email)
		find = c.find
		switch {
		case err != nil:
			wrapper.SetExecuted(err, rest.ExecutedNo) // it was a read
			return result, joinLookupError(last, err)
		case have != nil:
			outcome, err := c.updateIfChanged(ctx, *have, u)
			if errors.Is(err, rest.ErrNotFound) && round < maxRounds {
				last, mayCreate = err, true
				continue
			}
			return upsertResult(have.ID, outcome, err)
		case !mayCreate:
			return result, last
		}
		id, err := c.create(ctx, opUpsert, u.createRequest())
		last, mayCreate = err, false
		switch {
		case err == nil, ctx.Err() != nil:
			return upsertResult(id, upsert.Created, err)
		case wrapper.ExecutedOf(err) != rest.ExecutedNo:
			unknown++
			executed = max(executed, wrapper.ExecutedOf(err))
			if final := c.waitAfterCreate(ctx, u, err, unknown); final != nil {
				last = final
			} else {
				mayCreate = round < maxRounds
			}
		case !mayBeEmailConflict(err):
			return result, err
		case unknown > 0: // the email is probably that of an earlier create
			_ = waitForSearch(ctx, c.searchDelay)
		}
	}
}

// waitAfterCreate waits until the search should contain a user that a create with
// unknown outcome has created. failed is the error of the n-th such create. The
// result is nil if the user may be created again, and otherwise the error to return
// if the search does not find the user.
func (c *Client) waitAfterCreate(ctx context.Context, u UserInput, failed error, n int) error {
	start := time.Now()
	final := failed
	if wrapper.ExecutedOf(failed) != rest.ExecutedYes && !wrapper.Deref(u.OnCreate.SendInvitation) {
		final = c.rest.WaitRetry(ctx, failed, n)
	}
	if err := waitForSearch(ctx, c.searchDelay-time.Since(start)); err != nil && final == nil {
		return fmt.Errorf("%w: %w", failed, err)
	}
	return final
}

// waitForSearch waits for the delay. If the deadline of ctx comes first, it returns
// immediately.
func waitForSearch(ctx context.Context, delay time.Duration) error {
	if !backoff.FitsDeadline(ctx, delay) {
		return context.DeadlineExceeded
	}
	return backoff.Sleep(ctx, delay)
}

// find is the lookupFunc that searches.
func (c *Client) find(ctx context.Context, operation, wanted string) (*User, error) {
	var match *User
	params := SearchUsersParams{Email: &wanted, DisplayBusinessIDs: new(true)}
	for user, err := range c.userPages(ctx, operation, params).All() {
		switch {
		case err != nil:
			return nil, err
		case !email.Equal(user.Email, wanted):
			continue
		case match != nil:
			return nil, lookupError(operation, "several users have this email", rest.ErrConflict)
		case !isValidID(user.ID):
			return nil, lookupError(operation, "unexpected response: invalid user id", nil)
		}
		match = &user
	}
	return match, nil
}

// isValidID reports whether an id can be used in a URL path. An id in a response is
// checked like one from the caller.
func isValidID(id string) bool { return checkID(opUpsert, id) == nil }

// updateIfChanged sends the fields that differ.
func (c *Client) updateIfChanged(ctx context.Context, have User, u UserInput) (upsert.Outcome, error) {
	request := changedFields(u.updateRequest(), have)
	if request == (UpdateUserRequest{}) {
		return upsert.Unchanged, nil
	}
	return upsert.Updated, c.update(ctx, opUpsert, have.ID, request)
}

// mayBeEmailConflict reports whether Partoo may have rejected a create because another
// user has the email. The status is not documented.
func mayBeEmailConflict(err error) bool {
	return errors.Is(err, rest.ErrInvalid) || errors.Is(err, rest.ErrConflict)
}

// joinLookupError returns the error of a lookup after a failed write, with both causes.
func joinLookupError(last, err error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w (searching again after: %w)", err, last)
}

func upsertResult(id string, outcome upsert.Outcome, err error) (upsert.Result[string], error) {
	if err != nil {
		return upsert.Result[string]{}, err
	}
	return upsert.Result[string]{ID: id, Outcome: outcome}, nil
}
