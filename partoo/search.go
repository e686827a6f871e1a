package partoo

import (
	"context"
	"errors"
	"iter"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/rest"
)

// maxPerPage is the largest page (vendor page "Search for users").
const maxPerPage = 100

// SearchUsers lists the users that the key may see and that pass all filters
// given (vendor page "Search for users"), on all pages from params.Page on, which
// is the first one unless it is set. Pages are fetched as the loop gets to them;
// leaving it sends nothing more.
//
//	for user, err := range client.SearchUsers(ctx, partoo.SearchUsersParams{Role: &roles}) {
//
// An error ends the list; it is yielded with a zero User. Pages are not a
// snapshot: a user created or deleted meanwhile may move others from one page to
// another. Each is yielded once all the same, but may be missed. PerPage is 1 to
// 100; 30 unless set, going by the vendor's other lists (inference). Whether
// disabled users are found with Disabled left out is not documented.
func (c *Client) SearchUsers(ctx context.Context, params SearchUsersParams) iter.Seq2[User, error] {
	const operation = "SearchUsers"
	if err := checkSearch(operation, params); err != nil {
		return func(yield func(User, error) bool) { yield(User{}, err) }
	}
	return c.search(ctx, operation, params)
}

func checkSearch(operation string, params SearchUsersParams) error {
	var p check.Problems
	checkText(&p, "email", params.Email)
	if params.Email != nil {
		p.Email("email", *params.Email)
	}
	checkText(&p, "query", params.Query)
	if params.OrgID != nil {
		p.Positive("org_id", *params.OrgID)
	}
	checkEnum(&p, "status", params.Status, statuses())
	for _, role := range deref(params.Role) {
		checkEnum(&p, "role", &role, append(roles(), RoleProvider))
	}
	if params.Page != nil {
		p.Positive("page", *params.Page)
	}
	if n := params.PerPage; n != nil && (*n < 1 || *n > maxPerPage) {
		p.Add("per_page", "must be 1 to 100")
	}
	checkEnum(&p, "order_by", params.OrderBy, orders())
	return p.Err(provider, operation)
}

// search is SearchUsers with params that have been checked.
func (c *Client) search(ctx context.Context, operation string, params SearchUsersParams) iter.Seq2[User, error] {
	return c.userPages(ctx, operation, params).All()
}

func (c *Client) userPages(ctx context.Context, operation string, params SearchUsersParams) paging.List[User, string] {
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	return paging.List[User, string]{
		First: params.Page,
		Fetch: func(number int64) (paging.Page[User], error) {
			params := params
			params.Page = &number
			answer, err := rest.Decode[userPage](c.api.SearchUsers(ctx, &params))
			return paging.Page[User]{Number: answer.Page, Last: answer.MaxPage, Total: answer.count(), Items: answer.Users}, err
		},
		ID:       func(user User) string { return user.ID },
		NewError: func(message string) error { return lookupError(operation, message, nil) },
	}
}

// userPage is a page of users.
type userPage struct {
	Page    int64  `json:"page"`
	MaxPage int64  `json:"max_page"`
	Count   any    `json:"count"` // not worth failing for
	Users   []User `json:"users"`
}

// Strict returns the fields that decide which user is meant.
func (userPage) Strict() []string { return []string{"users.id", "users.email"} }

// Check wants what tells whether there is more, and users that can be told apart.
func (a userPage) Check() error {
	if a.Users == nil {
		return errors.New("the answer has no users")
	}
	if a.MaxPage < 1 && len(a.Users) > 0 {
		return errors.New("the answer has no max_page")
	}
	for _, user := range a.Users {
		if user.ID == "" {
			return errors.New("the answer has a user without an id")
		}
	}
	return nil
}

// count is the number of users on all pages, or -1 when the answer does not say.
func (a userPage) count() int64 {
	if n, ok := a.Count.(float64); ok {
		return int64(n)
	}
	return -1
}

// lookupError is the error of a search that was answered, but not so that it
// helps.
func lookupError(operation, message string, cause error) error {
	return &rest.Error{Provider: provider, Operation: operation, Message: message, Err: cause}
}
