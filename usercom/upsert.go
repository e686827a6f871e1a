package usercom

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opUpsert = "UpsertUser"

// ErrAttributesNotSet is matched by the error of an upsert whose first request
// succeeded and whose second one, for the custom attributes, failed.
var ErrAttributesNotSet = errors.New("the user was upserted, but its custom attributes were not set")

// UpsertUser creates the user with u.UserID, or updates the existing one (vendor page
// "Update or create user"). The outcome Unchanged does not occur, because user.com does not
// report it. Input that fails [UserInput.Validate] is not sent.
//
// The request is retried, since the same UserID identifies the same user. The outcome is
// that of the last attempt: a user that a lost attempt created is Updated.
//
// With version 1 of the API, custom attributes need a second request, by id. If it fails,
// UpsertUser returns the result of the first request and an error that matches
// [ErrAttributesNotSet], whose Executed is yes. Call [Client.SetAttributes] with the id, or
// repeat the upsert.
func (c *Client) UpsertUser(ctx context.Context, u UserInput) (result upsert.Result[int64], err error) {
	ctx, end := c.rest.StartOperation(ctx, rest.Call{Operation: opUpsert, Idempotent: true, Create: true})
	defer func() { end(result.Outcome, err) }()
	if err := u.ValidateVersion(c.version); err != nil {
		return result, err
	}
	body, err := u.upsertBody(c.version)
	if err != nil {
		return result, fmt.Errorf("%s: %s: %w", provider, opUpsert, err)
	}
	resp, err := rest.Decode[upsertResponse](c.API().UpdateOrCreateUserWithBody(ctx, "application/json", bytes.NewReader(body)))
	if err != nil {
		return result, err
	}
	result = upsert.Result[int64]{ID: resp.ID, Outcome: upsert.Updated}
	if *resp.Created {
		result.Outcome = upsert.Created
	}
	if c.version == 2 {
		return result, nil
	}
	if err := c.setAttributes(ctx, opUpsert, resp.ID, u.Attributes); err != nil {
		return result, fmt.Errorf("%w (%w)", wrapper.RaiseExecuted(err, rest.ExecutedYes), ErrAttributesNotSet)
	}
	return result, nil
}

type upsertResponse struct {
	gen.UpdateOrCreateUserResult
	Created *bool `json:"created"` // nil if it is absent
}

// Check requires both fields: without them the outcome is unknown.
func (r upsertResponse) Check() error {
	if r.Created == nil {
		return wrapper.MissingError("created")
	}
	return wrapper.RequireID(r.ID)
}
