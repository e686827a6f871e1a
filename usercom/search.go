package usercom

import (
	"bytes"
	"context"
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
