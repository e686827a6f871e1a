package identifai

import (
	"context"
	"errors"
	"fmt"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opUpsert = "UpsertUser"

// UpsertResult is the result of [Client.UpsertUser] and [Bulk.UpsertUser].
type UpsertResult struct {
	upsert.Result[int64]
	// User is the user in identifAI's response. If the outcome is Unchanged, it is
	// the user in the list that Bulk read.
	User User
}

func newResult(user User, outcome upsert.Outcome) UpsertResult {
	return UpsertResult{Result: upsert.Result[int64]{ID: user.ID, Outcome: outcome}, User: user}
}

// UpsertUser creates or updates a user, so that exactly one user matches u (vendor page
// "Create or update user"). With an ID it updates that user; the request is retried if
// its response is lost. Without an ID it creates a user; that request is sent once. Input
// that fails [UserInput.Validate] is not sent.
//
// The user is looked up as by [Client.FindUserByEmail] and updated by id, with the outcome
// Updated, if a create is rejected with 400, 409 or 422 because of the email or without
// naming a field, or if its outcome is unknown (a lost or invalid response, or a 5xx): it
// may have created that user. If no user or several users are found, the error of the
// create is returned: the email may belong to another partner. Executed is maybe or yes if
// the outcome is unknown; no second create is sent.
//
// If an email moves from user A to user B, update A by ID first and upsert B afterwards.
// [Bulk.UpsertUser] checks that order for the users of a run.
func (c *Client) UpsertUser(ctx context.Context, u UserInput) (UpsertResult, error) {
	return (&Bulk{client: c, ids: newRunIDs(nil)}).UpsertUser(ctx, u)
}

// upsert upserts u, which must be valid, without the list.
func (b *Bulk) upsert(ctx context.Context, u UserInput) (UpsertResult, error) {
	result, err := b.client.write(ctx, u)
	if result.Outcome == upsert.Created {
		b.list.Take(idKey(result.ID)) // the list does not contain this id
	}
	executed := wrapper.ExecutedOf(err) // of the first write
	if err == nil || u.ID != nil || ctx.Err() != nil || executed == rest.ExecutedNo && !mayBeEmailConflict(err) {
		return result, err
	}
	users, lookupErr := b.client.findByEmail(ctx, opUpsert, u.Email)
	switch {
	case lookupErr != nil:
		wrapper.SetExecuted(lookupErr, executed) // the lookup itself only reads
		return UpsertResult{}, fmt.Errorf("%w (lookup after: %w)", lookupErr, err)
	case len(users) != 1:
		return UpsertResult{}, err
	}
	if conflict := b.ids.match(opUpsert, users[0].ID, u); conflict != nil {
		return UpsertResult{}, wrapper.RaiseExecuted(fmt.Errorf("%w (after: %w)", conflict, err), executed)
	}
	u.ID = &users[0].ID
	result, err = b.client.write(ctx, u)
	return result, wrapper.RaiseExecuted(err, executed)
}

// write sends u. With an id it is an update, which may be retried.
func (c *Client) write(ctx context.Context, u UserInput) (UpsertResult, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: opUpsert, Idempotent: u.ID != nil, Create: u.ID == nil})
	u.Email = email.Normalize(u.Email)
	contentType, body := encodeForm(u, inputFields, c.textBooleans)
	resp, err := c.API().CreateOrUpdateUserWithBody(ctx, contentType, body)
	decoded, err := rest.Decode[userResponse](resp, err)
	user, outcome := decoded.user(), upsert.Created
	if u.ID != nil {
		outcome = upsert.Updated
		if err == nil {
			err = check.SameUser(provider, opUpsert, resp, *u.ID, user.ID)
		}
	}
	if err != nil {
		return UpsertResult{}, err
	}
	return newResult(user, outcome), nil
}

// mayBeEmailConflict reports whether a create may have been rejected because the email
// is taken. An invalid email gives the same response, and an error without fields, such
// as a truncated one, may stand for both; the lookup decides.
func mayBeEmailConflict(err error) bool {
	fields, rejected := rejectedFields(err)
	return rejected && (len(fields) == 0 || len(fields["email"]) > 0)
}

// rejectedFields returns the fields that a response names, if it rejects the input.
func rejectedFields(err error) (fields map[string][]string, rejected bool) {
	e, ok := errors.AsType[*rest.Error](err)
	if !ok || !errors.Is(e, rest.ErrInvalid) && !errors.Is(e, rest.ErrConflict) {
		return nil, false
	}
	return e.Fields, true
}
