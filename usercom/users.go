package usercom

import (
	"context"
	"errors"
	"net/http"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

var errNoID = errors.New("the answer has no id")

// GetUser returns the user with the vendor's id (vendor page "Basic API usage").
// One that does not exist is an error that matches rest.ErrNotFound; a 404 that
// is a web page is a wrong URL, and does not match it.
func (c *Client) GetUser(ctx context.Context, id int64) (User, error) {
	const operation = "GetUser"
	if err := checkID(operation, id); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.api.GetUser(ctx, id)
	return decodeUser(id, operation, resp, err)
}

// UpdateUser changes the fields of the user that are set and returns the user as
// it is then (vendor page "Update user"). Going by that page's example, fields
// that are not set keep their values (inference). It makes the checks of
// UpsertUser and is repeated when an answer is lost. A user that does not exist is
// an error that matches rest.ErrNotFound.
func (c *Client) UpdateUser(ctx context.Context, id int64, request UpdateUserRequest) (User, error) {
	const operation = "UpdateUser"
	var p check.Problems
	p.Positive("id", id)
	checkFields(&p, request)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.api.UpdateUser(ctx, id, request)
	return decodeUser(id, operation, resp, err)
}

// DeleteUser deletes the user with the vendor's id. The operation stands on no
// vendor page, other clients use it; any 2xx is success. A user that does not
// exist is an error that matches rest.ErrNotFound, unless the answer to an earlier
// attempt was lost: then the user is taken to be deleted by that one.
func (c *Client) DeleteUser(ctx context.Context, id int64) error {
	const operation = "DeleteUser"
	if err := checkID(operation, id); err != nil {
		return err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	return rest.IgnoreGone(rest.Discard(c.api.DeleteUser(ctx, id)))
}

// decodeUser reads the user with this id from an answer.
func decodeUser(id int64, operation string, resp *http.Response, err error) (User, error) {
	answer, err := rest.Decode[userResponse](resp, err)
	if err == nil {
		err = check.CheckSameUser(provider, operation, resp, id, answer.ID)
	}
	if err != nil {
		return User{}, err
	}
	return answer.User, nil
}

type userResponse struct{ User }

func (a userResponse) Check() error {
	if a.ID <= 0 {
		return errNoID
	}
	return nil
}
