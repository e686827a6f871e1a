package partoo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const (
	opUpsert = "UpsertUser"

	// maxRounds is the maximum number of lookups followed by a write. More than one are
	// needed if another client writes the same user or a response is lost.
	maxRounds = 3
)

// UpsertUser searches for the email, in any letter case. If no user has it, the user is
// created. Otherwise only the fields that differ are sent, or nothing (Unchanged). A field
// that the response does not contain in a readable form is unknown and is sent, so such a
// user is Updated each time. BusinessIDs and Accesses are omitted if Partoo ignores them
// for the role: u.Role, or else the user's present role. Lists are compared as sets. Input
// that fails [UserInput.Validate] is not sent.
//
// A create that fails with 400, 409 or 422 may mean that another client created the user:
// UpsertUser searches again and updates the user. If it finds none, it returns the error;
// the email may belong to a user that this key cannot see. Several users with this email
// are an error that matches rest.ErrConflict.
//
// If the outcome of a create is unknown (lost or unreadable response, 5xx), UpsertUser
// waits as long as the retry policy says, at least 5 seconds, and searches again, since
// Partoo may still be executing the create: the user is then Updated or Unchanged. If it
// finds no user, it creates the user again, unless the response reported success or an
// invitation may have been sent: then it returns the error, with Executed yes or maybe. A
// user that is deleted between search and update is created. There are at most 3 creates.
func (c *Client) UpsertUser(ctx context.Context, u UserInput) (upsert.Result[string], error) {
	return (&Bulk{client: c}).UpsertUser(ctx, u)
}

// upsert upserts u, which must be valid. have is the user with the email, or nil; if it is
// not known, or not any more, upsert searches.
func (c *Client) upsert(ctx context.Context, u UserInput, have *User, known bool) (result upsert.Result[string], err error) {
	var executed rest.Executed // highest of all creates
	defer func() { err = wrapper.RaiseExecuted(err, executed) }()
	var last error // of the previous round
	unknown := 0   // creates with unknown outcome
	mayCreate := true
	for round := 1; ; round++ {
		if !known {
			have, err = c.findByEmail(ctx, opUpsert, u.Email)
		}
		known = false
		switch {
		case err != nil:
			wrapper.SetExecuted(err, rest.ExecutedNo) // it was a read
			if last != nil {
				err = fmt.Errorf("%w (searching again after: %w)", err, last)
			}
			return result, err
		case have != nil:
			result, err := c.updateIfChanged(ctx, *have, u)
			if errors.Is(err, rest.ErrNotFound) && round < maxRounds {
				last, mayCreate = err, true
				continue
			}
			return result, err
		case !mayCreate:
			return result, last
		}
		id, err := c.create(ctx, opUpsert, u.createRequest())
		last, mayCreate = err, false
		switch {
		case err == nil:
			return upsert.Result[string]{ID: id, Outcome: upsert.Created}, nil
		case ctx.Err() != nil:
			return result, err
		case wrapper.ExecutedOf(err) != rest.ExecutedNo:
			unknown++
			executed = max(executed, wrapper.ExecutedOf(err))
			if final := c.waitAfterCreate(ctx, u, err, unknown); final != nil {
				last = final
			} else {
				mayCreate = round < maxRounds
			}
		case !errors.Is(err, rest.ErrInvalid) && !errors.Is(err, rest.ErrConflict):
			return result, err // the status of a taken email is not documented
		case unknown > 0: // the email is probably that of an earlier create
			_ = waitForSearch(ctx, c.searchDelay)
		}
	}
}

// waitAfterCreate waits until the search should contain the user if a create with unknown
// outcome was executed. failed is the error of the n-th such create. The result is nil if
// the user may be created again, and otherwise the error if the search finds no user.
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

// waitForSearch waits for the delay, or not at all if the deadline of ctx comes first.
func waitForSearch(ctx context.Context, delay time.Duration) error {
	if !backoff.FitsDeadline(ctx, delay) {
		return context.DeadlineExceeded
	}
	return backoff.Sleep(ctx, delay)
}

// updateIfChanged sends the fields that differ.
func (c *Client) updateIfChanged(ctx context.Context, have User, u UserInput) (upsert.Result[string], error) {
	result := upsert.Result[string]{ID: have.ID, Outcome: upsert.Unchanged}
	if request := changedFields(u.updateRequest(), have); request != (UpdateUserRequest{}) {
		result.Outcome = upsert.Updated
		if err := c.update(ctx, opUpsert, have.ID, request); err != nil {
			return upsert.Result[string]{}, err
		}
	}
	return result, nil
}
