package partoo

import (
	"context"
	"iter"

	gen "github.com/usersync/usersync/gen/partoo"
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
