package partoo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opUpsert = "UpsertUser"

// maxRounds is how often an upsert searches and writes. One round does unless
// somebody else writes the same user or an answer is lost; a second one resolves
// that.
const maxRounds = 3

// UpsertUser makes sure that there is one user with this address who looks like
// u, and returns its id and whether it was created, updated or unchanged.
//
// It searches for the address, whole and in any case. A user that is not there is
// created. For one that is, only the fields that differ are sent, and nothing
// when none does. A field that Partoo's answer does not carry is unknown and is
// sent, so such a user is Updated each time. business_ids and accesses are not
// looked at where Partoo ignores them for the role: u.Role, or else the one the
// user has. Lists are compared as sets.
//
// When a create is refused with 400, 409 or 422, somebody may have been faster:
// the user is searched for again and brought up to date. When nobody is found the
// refusal is returned; the address may belong to a user this key cannot see. When
// the outcome of a create is unknown (its answer was lost, cannot be read or is a
// 5xx), the user is searched for again too; when nobody is found it is created
// again, after the wait the retry rules ask for, unless the answer was a success
// that cannot be read or an invitation may have been mailed: then the error is
// returned, with Executed yes or maybe. A user
// that was deleted between search and update is created. After three rounds the
// last error is returned.
//
// Two users with this address are an error that matches rest.ErrConflict. After
// an answer was lost, the outcome is what the last attempt reported: a user that
// the lost attempt had created is Updated or Unchanged. Created users look like u
// by the vendor's word; they are not read back.
func (c *Client) UpsertUser(ctx context.Context, u UserInput) (upsert.Result[string], error) {
	if err := u.Validate(); err != nil {
		return upsert.Result[string]{}, err
	}
	return c.upsert(ctx, u, c.find)
}

// upsert is UpsertUser with input that has been checked. find looks the user up in
// the first round.
func (c *Client) upsert(ctx context.Context, u UserInput, find lookupFunc) (result upsert.Result[string], err error) {
	var last error   // what became of the round before
	var failed error // the same, where that was a create
	doubts := 0      // creates whose outcome is unknown
	var worst rest.Executed
	defer func() { err = raiseExecuted(err, worst) }()
	ctx = rest.WithCall(ctx, rest.Call{Secrets: secrets(&u.OnCreate.Password)})
	for range maxRounds {
		have, err := find(ctx, opUpsert, u.Email)
		find = c.find
		if err != nil {
			setExecuted(err, rest.ExecutedNo) // it was a read
			return result, joinSearchError(last, err)
		}
		if have != nil {
			outcome, err := c.updateIfChanged(ctx, *have, u)
			if errors.Is(err, rest.ErrNotFound) {
				last, failed = err, nil
				continue
			}
			return upsertResult(have.ID, outcome, err)
		}
		if err := c.waitBeforeCreate(ctx, u, failed, doubts); err != nil {
			return result, err
		}
		id, err := c.create(ctx, opUpsert, u.createRequest())
		if err == nil || ctx.Err() != nil || !mayBeEmailConflict(err) && !mayHaveExecuted(err) {
			return upsertResult(id, upsert.Created, err)
		}
		if mayHaveExecuted(err) {
			doubts++
			worst = max(worst, executedOf(err))
		}
		last, failed = err, err
	}
	return result, last
}

// lookupFunc returns the user with the address, or nil when there is none.
type lookupFunc func(ctx context.Context, operation, email string) (*User, error)

// find is the lookupFunc that searches.
func (c *Client) find(ctx context.Context, operation, email string) (*User, error) {
	var match *User
	params := SearchUsersParams{Email: &email, DisplayBusinessIDs: new(true)}
	for user, err := range c.search(ctx, operation, params) {
		switch {
		case err != nil:
			return nil, err
		case !strings.EqualFold(user.Email, email):
			continue
		case match != nil:
			return nil, lookupError(operation, "several users have this address", rest.ErrConflict)
		case !isValidID(user.ID):
			return nil, lookupError(operation, "the search answered an id that fits into no URL", nil)
		}
		match = &user
	}
	return match, nil
}

// isValidID reports whether an id may stand in a path: what a vendor sends is
// trusted no more than what a caller gives.
func isValidID(id string) bool { return checkID(opUpsert, id) == nil }

// updateIfChanged sends what differs.
func (c *Client) updateIfChanged(ctx context.Context, have User, u UserInput) (upsert.Outcome, error) {
	request := changedFields(u.updateRequest(), have)
	if request == (UpdateUserRequest{}) {
		return upsert.Unchanged, nil
	}
	return upsert.Updated, c.update(ctx, opUpsert, have.ID, request)
}

// waitBeforeCreate returns nil when a user that was not found may be created, after the
// wait it takes. failed is the create of the round before, if there was one.
func (c *Client) waitBeforeCreate(ctx context.Context, u UserInput, failed error, doubts int) error {
	switch {
	case failed == nil:
		return nil
	case mayBeEmailConflict(failed), executedOf(failed) == rest.ExecutedYes:
		return failed
	case u.OnCreate.SendInvitation != nil && *u.OnCreate.SendInvitation:
		return failed
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: opUpsert})
	return c.rest.WaitRetry(ctx, failed, doubts)
}

// mayBeEmailConflict reports whether Partoo may have refused a create because the address
// is taken. How it does that is not documented.
func mayBeEmailConflict(err error) bool {
	return errors.Is(err, rest.ErrInvalid) || errors.Is(err, rest.ErrConflict)
}

// mayHaveExecuted reports whether a create that failed may have created the user.
func mayHaveExecuted(err error) bool { return executedOf(err) != rest.ExecutedNo }

func executedOf(err error) rest.Executed {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		return e.Executed
	}
	return rest.ExecutedNo
}

func setExecuted(err error, executed rest.Executed) {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		e.Executed = executed
	}
}

// joinSearchError is the error of a search after a write that failed: neither is lost.
func joinSearchError(last, err error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w (searching again after: %w)", err, last)
}

// raiseExecuted has err say what creates may have done, where that is more than it knows
// of the last request.
func raiseExecuted(err error, worst rest.Executed) error {
	if executedOf(err) < worst {
		setExecuted(err, worst)
	}
	return err
}

func upsertResult(id string, outcome upsert.Outcome, err error) (upsert.Result[string], error) {
	if err != nil {
		return upsert.Result[string]{}, err
	}
	return upsert.Result[string]{ID: id, Outcome: outcome}, nil
}
