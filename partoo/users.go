package partoo

import (
	"context"
	"errors"
	"iter"
	"net/http"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// maxPerPage is the maximum size of a page (vendor page "Search for users").
const maxPerPage = 100

// SearchUsers lists the users that the key may see and that match all filters (vendor page
// "Search for users"), from params.Page (default 1) to the last page. A page is fetched
// when the loop needs it. PerPage is 1 to 100; its default is 30, as in the vendor's other
// lists (inference). Whether the list contains disabled users if Disabled is not set is not
// documented.
//
//	for user, err := range client.SearchUsers(ctx, partoo.SearchUsersParams{Role: &roles}) {
//
// An error ends the list and is yielded with a zero User. Pages are not a snapshot: if
// users are created or deleted meanwhile, a user may be missed, but none is yielded twice.
func (c *Client) SearchUsers(ctx context.Context, params SearchUsersParams) iter.Seq2[User, error] {
	return c.userPages(ctx, "SearchUsers", params).All()
}

// userPages returns the list of the users that pass the filters.
func (c *Client) userPages(ctx context.Context, operation string, params SearchUsersParams) paging.List[User, string] {
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	if params.Email != nil {
		params.Email = new(email.Normalize(*params.Email))
	}
	return paging.List[User, string]{
		First: params.Page,
		Fetch: func(number int64) (paging.Page[User], error) {
			params := params
			params.Page = &number
			if err := searchChecker.Err(provider, operation, params); err != nil {
				return paging.Page[User]{}, err
			}
			page, err := rest.Decode[userPage](c.API().SearchUsers(ctx, &params))
			return paging.Page[User]{Number: page.Page, Last: page.MaxPage, Total: page.Count, Items: page.Users}, err
		},
		ID:       userID,
		NewError: func(message string) error { return wrapper.NewError(provider, operation, message, nil) },
	}
}

// userPage is a page of a list.
type userPage struct {
	gen.UserPage
	Count *int64 `json:"count"` // nil if it is absent
}

func (userPage) Strict() []string { return []string{"users.id", "users.email"} }

func (p userPage) Check() error {
	switch {
	case p.Users == nil:
		return wrapper.MissingError("users")
	case p.MaxPage < 1 && len(p.Users) > 0:
		return wrapper.MissingError("max_page")
	}
	return wrapper.RequireIDs(p.Users, userID)
}

func userID(user User) string { return user.ID }

// findByEmail returns the user with the email, or nil.
func (c *Client) findByEmail(ctx context.Context, operation, wanted string) (*User, error) {
	var matches []User
	params := SearchUsersParams{Email: &wanted, DisplayBusinessIDs: new(true)}
	for user, err := range c.userPages(ctx, operation, params).All() {
		if err != nil {
			return nil, err
		}
		if email.Equal(user.Email, wanted) {
			matches = append(matches, user)
		}
	}
	switch {
	case len(matches) == 0:
		return nil, nil
	case len(matches) > 1:
		return nil, wrapper.NewError(provider, operation, "several users have this email", rest.ErrConflict)
	case !isValidID(matches[0].ID):
		return nil, wrapper.NewError(provider, operation, "unexpected response: invalid user id", nil)
	}
	return &matches[0], nil
}

// isValidID reports whether an id can be used in a URL path. An id in a response is
// checked like one from the caller.
func isValidID(id string) bool { return checkID(opUpsert, id) == nil }

// CreateUser creates a user and returns its id. The request follows the rules of
// [UserInput]. If the outcome is unknown it is not retried: the error has Executed maybe or
// yes, and [Client.UpsertUser] finds out. The error for an email that another user has is
// not documented; probably it is a 400, which matches rest.ErrInvalid (inference).
func (c *Client) CreateUser(ctx context.Context, request CreateUserRequest) (id string, err error) {
	const operation = "CreateUser"
	if err := createChecker.Err(provider, operation, request); err != nil {
		return "", err
	}
	return c.create(ctx, operation, request)
}

// UpdateUser changes the fields that are set and no others (vendor page "Update user"). It
// is retried after a lost response. An unknown id is an error that matches
// rest.ErrNotFound, here and in the other methods.
func (c *Client) UpdateUser(ctx context.Context, id string, request UpdateUserRequest) error {
	const operation = "UpdateUser"
	var p check.Problems
	p.PathID("user_id", id)
	updateChecker.Check(&p, &request)
	if err := p.Err(provider, operation); err != nil {
		return err
	}
	return c.update(ctx, operation, id, request)
}

// GetUser returns a user (vendor page "User information").
func (c *Client) GetUser(ctx context.Context, id string) (User, error) {
	const operation = "GetUser"
	if err := checkID(operation, id); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.API().GetUser(ctx, id, nil)
	user, err := rest.Decode[userResponse](resp, err)
	if err == nil {
		err = check.SameUser(provider, operation, resp, id, user.ID)
	}
	if err != nil {
		return User{}, err
	}
	return user.User, nil
}

// Me returns the user that owns the API key (vendor page "My user").
func (c *Client) Me(ctx context.Context) (User, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: "Me"})
	user, err := rest.Decode[userResponse](c.API().GetMyUser(ctx, nil))
	return user.User, err
}

// DeleteUser deletes a user (vendor page "Delete user"). After a lost response an unknown
// id is no error: the earlier attempt probably deleted the user.
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	const operation = "DeleteUser"
	if err := checkID(operation, id); err != nil {
		return err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.API().DeleteUser(ctx, id)
	if err == nil && resp.StatusCode == http.StatusNoContent {
		return resp.Body.Close() // not documented, but unambiguous
	}
	_, err = rest.Decode[statusResponse](resp, err)
	return rest.IgnoreGone(err)
}

// InviteUser makes Partoo send an invitation by email, the first one or another one.
// Invitations expire after 72 hours, and a user gets at most one in 5 minutes (vendor page
// "Invite user"); the error for an earlier one is not documented. The request is never
// retried, not even after a 429, which may last for those 5 minutes.
func (c *Client) InviteUser(ctx context.Context, id string) error {
	const operation = "InviteUser"
	if err := checkID(operation, id); err != nil {
		return err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, NoRetry: true})
	_, err := rest.Decode[statusResponse](c.API().InviteUser(ctx, id))
	return err
}

func checkID(operation, id string) error {
	var p check.Problems
	p.PathID("user_id", id)
	return p.Err(provider, operation)
}

// create sends a valid request.
func (c *Client) create(ctx context.Context, operation string, request CreateUserRequest) (string, error) {
	request.Email = email.Normalize(request.Email)
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, Create: true, Secrets: []rest.Secret{wrapper.Deref(request.Password)}})
	created, err := rest.Decode[createResponse](c.API().CreateUser(ctx, request))
	return created.ID, err
}

// update sends a valid request. It is idempotent: it sets fields to values.
func (c *Client) update(ctx context.Context, operation, id string, request UpdateUserRequest) error {
	if request.Email != nil {
		request.Email = new(email.Normalize(*request.Email))
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, Idempotent: true, Secrets: []rest.Secret{wrapper.Deref(request.Password)}})
	_, err := rest.Decode[statusResponse](c.API().UpdateUser(ctx, id, request))
	return err
}

// statusResponse is the response of a write.
type statusResponse struct{ gen.UserWriteResult }

func (statusResponse) Strict() []string { return nil } // the id is not used

func (r statusResponse) Check() error {
	if r.Status != gen.RequestStatusSuccess {
		return errors.New(`unexpected response: no status "success"`)
	}
	return nil
}

type createResponse struct{ gen.UserWriteResult }

// Check accepts any status: an id means success.
func (r createResponse) Check() error { return wrapper.RequireID(r.ID) }

type userResponse struct{ User }

func (r userResponse) Check() error { return wrapper.RequireID(r.ID) }
