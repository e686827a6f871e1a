package usercom

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// FindUserByEmail returns the only user with this email (vendor page "Find users by
// email"). It compares whole emails in any letter case; whether the vendor's search
// ignores letter case is not documented.
//
// An email without a user is an error that matches rest.ErrNotFound. An email of several
// users, which user.com allows, is an error that matches rest.ErrConflict and contains
// their ids. A 404 with an HTML page means a wrong base URL and matches neither.
func (c *Client) FindUserByEmail(ctx context.Context, emailAddress string) (User, error) {
	const operation = "FindUserByEmail"
	var p check.Problems
	p.Email("email", emailAddress)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	wanted := email.Normalize(emailAddress)
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	users, err := rest.Decode[searchResponse](c.API().SearchUsers(ctx, &gen.SearchUsersParams{Email: &wanted, Many: new(true)}))
	if err != nil {
		return User{}, err
	}
	// The vendor's search may match parts of an email.
	matches := slices.DeleteFunc(users, func(user User) bool { return !email.Equal(wrapper.Deref(user.Email), wanted) })
	return wrapper.OnlyUser(provider, operation, matches, userID)
}

// searchResponse is a list of users, or a single user, which the API returns without
// many=true. The format depends on the version of the API.
type searchResponse []User

// Target distinguishes the two forms by the first byte.
func (r *searchResponse) Target(body []byte) any {
	if bytes.HasPrefix(body, []byte("[")) {
		return (*[]User)(r)
	}
	*r = make(searchResponse, 1)
	return &(*r)[0]
}

func (searchResponse) Strict() []string { return []string{"id", "email"} }

func (r searchResponse) Check() error { return wrapper.RequireIDs(r, userID) }

func userID(user User) int64 { return user.ID }

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

func (c *Client) checkUpdate(operation string, id int64, request UpdateUserRequest) error {
	const notDocumented = "cannot be changed with version 2 of the API: this is not documented"
	var p check.Problems
	p.Positive("id", id)
	updateChecker.Check(&p, &request)
	if c.version == 2 {
		updateChecker2.Check(&p, &request)
		if request.UserID != nil {
			p.Add("user_id", notDocumented)
		}
		if request.CompanyID != nil {
			p.Add("company_id", notDocumented)
		}
	}
	return p.Err(provider, operation)
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
