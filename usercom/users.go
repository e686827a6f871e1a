package usercom

import (
	"context"
	"net/http"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// GetUser returns the user with the vendor's id (vendor page "Basic API usage"). An unknown
// id is an error that matches rest.ErrNotFound, here and in the other methods. A 404 with an
// HTML page means a wrong base URL and does not match it.
func (c *Client) GetUser(ctx context.Context, id int64) (User, error) {
	const operation = "GetUser"
	var p check.Problems
	p.Positive("id", id)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.API().GetUser(ctx, id)
	return decodeUser(id, operation, resp, err)
}

// UpdateUser changes the fields that are set and returns the updated user (vendor page
// "Update user"). Fields that are not set keep their values (inference from the example of
// that page). It makes the checks of UpsertUser and is retried after a lost response.
func (c *Client) UpdateUser(ctx context.Context, id int64, request UpdateUserRequest) (User, error) {
	const operation = "UpdateUser"
	if err := c.checkUpdate(operation, id, request); err != nil {
		return User{}, err
	}
	if request.Email != nil {
		request.Email = new(email.Normalize(*request.Email))
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.API().UpdateUser(ctx, id, request)
	return decodeUser(id, operation, resp, err)
}

// DeleteUser deletes the user with the vendor's id. No vendor page describes the operation,
// but other clients use it; any 2xx is success. After a lost response an unknown id is no
// error: the earlier attempt probably deleted the user.
func (c *Client) DeleteUser(ctx context.Context, id int64) error {
	const operation = "DeleteUser"
	if err := c.checkVersion1(operation, id, nil); err != nil {
		return err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	return rest.IgnoreGone(rest.Discard(c.API().DeleteUser(ctx, id)))
}

// decodeUser returns the user with this id from a response.
func decodeUser(id int64, operation string, resp *http.Response, err error) (User, error) {
	decoded, err := rest.Decode[userResponse](resp, err)
	if err == nil {
		err = check.SameUser(provider, operation, resp, id, decoded.ID)
	}
	if err != nil {
		return User{}, err
	}
	return decoded.User, nil
}

type userResponse struct{ User }

func (r userResponse) Check() error { return wrapper.RequireID(r.ID) }
