package identifai

import (
	"context"
	"errors"
	"fmt"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opUpsert = "UpsertUser"

// UpsertResult is what [Client.UpsertUser] and [Bulk.UpsertUser] return.
type UpsertResult struct {
	upsert.Result[int64]
	// User is the user as identifAI answered, or listed when Unchanged.
	User User
}

// UpsertUser makes sure that there is one user who looks like u (vendor page
// "Create or update user"). With an ID it updates that user, and may be repeated
// when an answer is lost. Without one it creates a user, and sends that once.
//
// When a create is refused with 400 or 422 because of the address, or without
// naming a field, the user is looked up by its exact address, in any case, among
// all users of the partner, and updated by id: the outcome is Updated. When no
// user or more than one is found, the refusal is returned; the address may be
// another partner's.
//
// When the outcome of a create is unknown (its answer was lost, cannot be read or
// is a 5xx), the user is looked up in the same way and brought up to date. When
// no user or more than one is found, the create's error is returned, with
// Executed maybe or yes, and nothing more is created. After an answer was lost,
// Updated may thus stand for a user that this call created.
//
// An address that passes from one person to another is such an address in use: give
// the one who has it the new one first, by ID, and upsert the other afterwards, not
// at the same time. [Bulk.UpsertUser] sees to that for the users of a run.
//
// Input that is not valid is an error that names every bad field and matches
// rest.ErrInvalid; nothing is sent then.
func (c *Client) UpsertUser(ctx context.Context, u UserInput) (UpsertResult, error) {
	if err := u.Validate(); err != nil {
		return UpsertResult{}, err
	}
	return c.upsert(ctx, u, newIDOwners(nil))
}

// upsert upserts u, which is valid. To take it for a user found by its address is
// up to the claims.
func (c *Client) upsert(ctx context.Context, u UserInput, claims *idOwners) (UpsertResult, error) {
	ctx = rest.WithCall(ctx, rest.Call{Secrets: []rest.Secret{u.Password}})
	user, err := c.write(ctx, u)
	if err == nil {
		return upsertResult(u, user), nil
	}
	if u.ID != nil || ctx.Err() != nil || !mayBeEmailConflict(err) && !mayHaveExecuted(err) {
		return UpsertResult{}, err
	}
	found, lookup := c.findByEmail(ctx, opUpsert, u.Email)
	switch {
	case lookup != nil:
		setExecuted(lookup, rest.ExecutedNo) // it was a read
		return UpsertResult{}, raiseExecuted(fmt.Errorf("%w (looking the user up after: %w)", lookup, err), err)
	case len(found) != 1:
		return UpsertResult{}, err
	}
	if conflict := claims.claimByEmail(found[0].ID, u); conflict != nil {
		return UpsertResult{}, raiseExecuted(fmt.Errorf("%w (after: %w)", conflict, err), err)
	}
	u.ID = &found[0].ID
	user, updateErr := c.write(ctx, u)
	if updateErr != nil {
		return UpsertResult{}, raiseExecuted(updateErr, err)
	}
	return upsertResult(u, user), nil
}

// write sends u once, or again when it has an id: setting a user's fields twice
// is setting them once.
func (c *Client) write(ctx context.Context, u UserInput) (User, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: opUpsert, Idempotent: u.ID != nil})
	contentType, body := encodeUser(u, c.textBooleans).reader()
	resp, err := c.api.CreateOrUpdateUserWithBody(ctx, contentType, body)
	answer, err := rest.Decode[userResponse](resp, err)
	user := answer.user()
	if err == nil && u.ID != nil {
		err = check.CheckSameUser(provider, opUpsert, resp, *u.ID, user.ID)
	}
	return user, err
}

// mayBeEmailConflict reports whether a create may have been refused because the
// address is taken. A malformed address looks the same, and so does a refusal that
// names no field, as when its body broke off: the look-up tells.
func mayBeEmailConflict(err error) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return isFieldRejected(err, "email") || ok && errors.Is(e, rest.ErrInvalid) && len(e.Fields) == 0
}

func isFieldRejected(err error, field string) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return ok && errors.Is(e, rest.ErrInvalid) && len(e.Fields[field]) > 0
}

// mayHaveExecuted reports whether a create that failed may have created the user.
func mayHaveExecuted(err error) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return ok && e.Executed != rest.ExecutedNo
}

// raiseExecuted has err say what the create before it may have done, where that is more.
func raiseExecuted(err, create error) error {
	if c, ok := errors.AsType[*rest.Error](create); ok {
		if e, ok := errors.AsType[*rest.Error](err); ok && e.Executed < c.Executed {
			e.Executed = c.Executed
		}
	}
	return err
}

func setExecuted(err error, executed rest.Executed) {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		e.Executed = executed
	}
}

func upsertResult(u UserInput, user User) UpsertResult {
	outcome := upsert.Created
	if u.ID != nil {
		outcome = upsert.Updated
	}
	return UpsertResult{Result: upsert.Result[int64]{ID: user.ID, Outcome: outcome}, User: user}
}
