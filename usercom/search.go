package usercom

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// FindUserByEmail returns the only user with this email (vendor page "Find users
// by email"). It compares whole emails in any letter case; whether the vendor's
// search ignores letter case is not documented.
//
// An email without a user is an error that matches rest.ErrNotFound. An email of
// several users, which user.com allows, is an error that matches rest.ErrConflict
// and contains their ids. A 404 with an HTML page means a wrong base URL and
// matches neither.
func (c *Client) FindUserByEmail(ctx context.Context, emailAddress string) (User, error) {
	const operation = "FindUserByEmail"
	var p check.Problems
	p.Email("email", emailAddress)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	emailAddress = email.Normalize(emailAddress)
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	matches, err := rest.Decode[searchResponse](c.API().SearchUsers(ctx, &gen.SearchUsersParams{Email: &emailAddress, Many: new(true)}))
	if err != nil {
		return User{}, err
	}
	return matches.single(operation, emailAddress)
}

// searchResponse is a list of users, or a single user, which the API returns
// without many=true. The format depends on the version of the API.
type searchResponse []User

// Target distinguishes the two forms by the first byte.
func (r *searchResponse) Target(body []byte) any {
	if bytes.HasPrefix(body, []byte("[")) {
		return (*[]User)(r)
	}
	*r = make(searchResponse, 1)
	return &(*r)[0]
}

// Strict returns the fields that decide which user is meant.
func (searchResponse) Strict() []string { return []string{"id", "email"} }

// Check requires an id for every user.
func (r searchResponse) Check() error {
	for _, user := range r {
		if user.ID <= 0 {
			return errNoID
		}
	}
	return nil
}

// maxListedIDs is the maximum number of ids in an error text.
const maxListedIDs = 10

// single returns the only user with this email. It compares the emails itself,
// because the vendor's search may match parts of an email.
func (r searchResponse) single(operation, wanted string) (User, error) {
	var match User
	var ids []string
	for _, user := range r {
		if email.Equal(wrapper.Deref(user.Email), wanted) {
			match = user
			ids = append(ids, fmt.Sprint(user.ID))
		}
	}
	switch len(ids) {
	case 0:
		return User{}, wrapper.NewError(provider, operation, "no user has this email", rest.ErrNotFound)
	case 1:
		return match, nil
	}
	listed := strings.Join(ids[:min(len(ids), maxListedIDs)], ", ")
	return User{}, wrapper.NewError(provider, operation, fmt.Sprintf("%d users have this email: id %s", len(ids), listed), rest.ErrConflict)
}
