package usercom

import (
	"context"
	"errors"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opUpsert = "UpsertUser"

// UpsertUser creates the user with u.UserID, or updates the one that exists
// (vendor page "Update or create user"). The result holds the vendor's id and
// whether the user was Created or Updated; Unchanged does not occur, user.com
// does not tell. Input that fails [UserInput.Validate] is not sent.
//
// The request may be repeated, as the same UserID is the same user: after a lost
// answer, the outcome is what the last attempt reported, and a user that the
// first attempt created is Updated.
//
// Custom attributes take a second request, by the id. When that one fails, the
// result of the first is returned together with the error: the user exists and
// has all but its custom attributes. [Client.SetAttributes] with the id, or the
// same upsert again, finishes the work.
func (c *Client) UpsertUser(ctx context.Context, u UserInput) (upsert.Result[int64], error) {
	request := u.upsertRequest()
	if err := checkUpsert(request, u.Attributes); err != nil {
		return upsert.Result[int64]{}, err
	}
	call := rest.WithCall(ctx, rest.Call{Operation: opUpsert, Idempotent: true})
	answer, err := rest.Decode[upsertResponse](c.api.UpdateOrCreateUser(call, request))
	if err != nil {
		return upsert.Result[int64]{}, err
	}
	return answer.result(), c.setAttributes(ctx, opUpsert, answer.ID, u.Attributes)
}

// upsertResponse has pointers where the generated type cannot tell false from
// absent.
type upsertResponse struct {
	Created *bool `json:"created"`
	ID      int64 `json:"id"`
}

// Check wants both fields: without them there is no outcome to report.
func (a upsertResponse) Check() error {
	switch {
	case a.ID <= 0:
		return errNoID
	case a.Created == nil:
		return errors.New("the answer does not say whether the user was created")
	}
	return nil
}

func (a upsertResponse) result() upsert.Result[int64] {
	outcome := upsert.Updated
	if *a.Created {
		outcome = upsert.Created
	}
	return upsert.Result[int64]{ID: a.ID, Outcome: outcome}
}
