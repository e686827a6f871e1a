package identifai

import (
	"context"
	"iter"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// perPage is the default page size, that of the vendor's example. According to the page,
// a request without a page size returns all users, which may exceed the response limit.
const perPage = 100

// ListUsers lists the partner's users that pass all filters (vendor page "Retrieve users"),
// from params.Page (default 1) to the last page. A page is fetched when the loop needs
// it. PerPage is 100 by default. The parameter names search and page are inference.
//
//	for user, err := range client.ListUsers(ctx, identifai.ListUsersParams{}) {
//
// An error ends the list and is yielded with a zero User. Pages are not a snapshot: if
// users are created or deleted meanwhile, a user may be missed, but none is yielded twice.
func (c *Client) ListUsers(ctx context.Context, params ListUsersParams) iter.Seq2[User, error] {
	return c.userPages(ctx, "ListUsers", params).All()
}

// userPages returns the list of the users that pass the filters.
func (c *Client) userPages(ctx context.Context, operation string, params ListUsersParams) paging.List[User, int64] {
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	if params.PerPage == nil {
		params.PerPage = new(int64(perPage))
	}
	return paging.List[User, int64]{
		First: params.Page,
		Fetch: func(number int64) (paging.Page[User], error) {
			params := params
			params.Page = &number
			if err := searchChecker.Err(provider, operation, params); err != nil {
				return paging.Page[User]{}, err
			}
			page, err := rest.Decode[userPage](c.API().ListUsers(ctx, &params))
			return paging.Page[User]{Number: page.CurrentPage, Last: page.LastPage, Total: page.Total, Items: withoutNil(page.Data)}, err
		},
		ID:       userID,
		NewError: func(message string) error { return wrapper.NewError(provider, operation, message, nil) },
	}
}

// userPage is a page of a list, whose entries may be null.
type userPage struct {
	gen.UserPage
	Data []*User `json:"data"`
}

func (userPage) Strict() []string { return []string{"data.id", "data.email"} }

func (p userPage) Check() error {
	switch {
	case p.Data == nil:
		return wrapper.MissingError("data")
	case p.LastPage < 1 && len(p.Data) > 0:
		return wrapper.MissingError("last_page")
	}
	return wrapper.RequireIDs(withoutNil(p.Data), userID)
}

// FindUserByEmail returns the partner's user with this email, in any letter case; if
// several users match, the one with the exact spelling. identifAI has no lookup by email:
// the list is searched, which presumably ignores letter case (inference), and the emails
// are compared here. No user is an error that matches rest.ErrNotFound; several are one
// that matches rest.ErrConflict and contains their ids.
func (c *Client) FindUserByEmail(ctx context.Context, emailAddress string) (User, error) {
	const operation = "FindUserByEmail"
	var p check.Problems
	p.Email("email", emailAddress)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	users, err := c.findByEmail(ctx, operation, emailAddress)
	if err != nil {
		return User{}, err
	}
	return wrapper.OnlyUser(provider, operation, users, userID)
}

// findByEmail returns the users with the email, or only the one with the exact spelling.
// It reads all pages of the search: the vendor's filter matches parts of an email.
func (c *Client) findByEmail(ctx context.Context, operation, wanted string) ([]User, error) {
	wanted = email.Normalize(wanted)
	var matches, exact []User
	for user, err := range c.userPages(ctx, operation, ListUsersParams{Search: &wanted}).All() {
		if err != nil {
			return nil, err
		}
		if email.Equal(user.Email, wanted) {
			matches = append(matches, user)
		}
		if email.Normalize(user.Email) == wanted {
			exact = append(exact, user)
		}
	}
	if len(exact) == 1 {
		return exact, nil
	}
	return matches, nil
}

func userID(user User) int64 { return user.ID }
