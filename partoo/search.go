package partoo

import (
	"context"
	"errors"
	"iter"
	"reflect"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// maxPerPage is the maximum size of a page (vendor page "Search for users").
const maxPerPage = 100

// SearchUsers lists the users that the key may see and that match all filters
// (vendor page "Search for users"), from params.Page (default 1) to the last page.
// A page is fetched when the loop needs it; a loop that ends early sends nothing
// more.
//
//	for user, err := range client.SearchUsers(ctx, partoo.SearchUsersParams{Role: &roles}) {
//
// An error ends the list and is yielded with a zero User. Pages are not a snapshot:
// if users are created or deleted meanwhile, a user may be missed, but none is
// yielded twice. PerPage is 1 to 100; its default is 30, as in the vendor's other
// lists (inference). Whether the list contains disabled users if Disabled is not
// set is not documented.
func (c *Client) SearchUsers(ctx context.Context, params SearchUsersParams) iter.Seq2[User, error] {
	const operation = "SearchUsers"
	if err := searchChecker.Err(provider, operation, params); err != nil {
		return func(yield func(User, error) bool) { yield(User{}, err) }
	}
	return c.userPages(ctx, operation, params).All()
}

// userPages returns the list of a search. The parameters must be valid.
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
			page, err := rest.Decode[userPage](c.API().SearchUsers(ctx, &params))
			return paging.Page[User]{Number: page.Page, Last: page.MaxPage, Total: page.count(), Items: page.Users}, err
		},
		ID:       func(user User) string { return user.ID },
		NewError: func(message string) error { return lookupError(operation, message, nil) },
	}
}

// userPage is a page of users.
type userPage struct {
	Page    int64  `json:"page"`
	MaxPage int64  `json:"max_page"`
	Count   any    `json:"count"` // optional: a wrong type is no error
	Users   []User `json:"users"`
}

// Spec returns the type with all fields of the spec.
func (userPage) Spec() reflect.Type { return reflect.TypeFor[gen.UserPage]() }

// Strict returns the fields that decide which user is meant.
func (userPage) Strict() []string { return []string{"users.id", "users.email"} }

// Check requires users with ids, and the number of pages.
func (p userPage) Check() error {
	if p.Users == nil {
		return errors.New(`unexpected response: no "users"`)
	}
	if p.MaxPage < 1 && len(p.Users) > 0 {
		return errors.New(`unexpected response: no "max_page"`)
	}
	for _, user := range p.Users {
		if user.ID == "" {
			return errors.New(`unexpected response: a user without "id"`)
		}
	}
	return nil
}

// count is the number of users on all pages, or -1 if the response does not contain it.
func (p userPage) count() int64 {
	if n, ok := p.Count.(float64); ok {
		return int64(n)
	}
	return -1
}

func lookupError(operation, message string, cause error) error {
	return wrapper.NewError(provider, operation, message, cause)
}
