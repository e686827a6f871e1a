package identifai

import (
	"context"
	"errors"
	"iter"
	"strings"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/rest"
)

type (
	// ListUsersParams are the filters of [Client.Users].
	ListUsersParams = gen.ListUsersParams
	// SortDirection is the direction of a list.
	SortDirection = gen.SortDirection
)

// The directions.
const (
	SortDirectionAsc  = gen.SortDirectionAsc
	SortDirectionDesc = gen.SortDirectionDesc
)

// perPage is the page size unless the caller asks for another: that of the
// example on vendor page "Retrieve users". The page says that without one all
// users come at once, which may be more than an answer can hold.
const perPage = 100

// Users lists the users of the partner that pass all filters given (vendor page
// "Retrieve users"), on all pages from params.Page on, which is the first one
// unless it is set. Pages are fetched as the loop gets to them; leaving it sends
// nothing more.
//
//	for user, err := range client.Users(ctx, identifai.ListUsersParams{}) {
//
// An error ends the list; it is yielded with a zero User. Pages are not a
// snapshot: a user created meanwhile may move others from one page to another.
// Each is yielded once all the same. PerPage is 100 unless it is set. That Search
// is called search and Page page on the wire is inference.
func (c *Client) Users(ctx context.Context, params ListUsersParams) iter.Seq2[User, error] {
	const operation = "Users"
	if err := checkList(operation, params); err != nil {
		return func(yield func(User, error) bool) { yield(User{}, err) }
	}
	return c.list(ctx, operation, params)
}

func checkList(operation string, params ListUsersParams) error {
	var p check.Problems
	if params.Search != nil {
		p.Text("search", *params.Search)
	}
	if params.Order != nil {
		p.Required("order", *params.Order)
	}
	if params.Direction != nil {
		p.Required("direction", string(*params.Direction))
		check.OneOf(&p, "direction", *params.Direction, SortDirectionAsc, SortDirectionDesc)
	}
	for field, value := range map[string]*int64{"pricing_id": params.PricingID, "per_page": params.PerPage, "page": params.Page} {
		if value != nil {
			p.Positive(field, *value)
		}
	}
	return p.Err(provider, operation)
}

// FindUserByEmail returns the partner's user with exactly this address, in any
// case. There is no look-up by address at identifAI: the list is searched for it
// and compared here; that the search ignores case is inference. No such user is
// an error that matches rest.ErrNotFound, several are one that matches
// rest.ErrConflict.
func (c *Client) FindUserByEmail(ctx context.Context, email string) (User, error) {
	const operation = "FindUserByEmail"
	var p check.Problems
	p.Required("email", email)
	p.Email("email", email)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	found, err := c.findByEmail(ctx, operation, email)
	switch {
	case err != nil:
		return User{}, err
	case len(found) == 0:
		return User{}, lookupError(operation, "no user has this address", rest.ErrNotFound)
	case len(found) > 1:
		return User{}, lookupError(operation, "several users have this address", rest.ErrConflict)
	}
	return found[0], nil
}

// findByEmail returns the users with the address. It walks all pages: the filter matches
// parts, and several matches matter.
func (c *Client) findByEmail(ctx context.Context, operation, email string) ([]User, error) {
	var found []User
	for user, err := range c.list(ctx, operation, ListUsersParams{Search: &email}) {
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(user.Email, email) {
			found = append(found, user)
		}
	}
	return found, nil
}

// list is Users with params that have been checked.
func (c *Client) list(ctx context.Context, operation string, params ListUsersParams) iter.Seq2[User, error] {
	return c.userPages(ctx, operation, params).All()
}

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
			answer, err := rest.Decode[userPage](c.api.ListUsers(ctx, &params))
			return paging.Page[User]{Number: answer.CurrentPage, Last: answer.LastPage, Total: answer.total(), Items: answer.users()}, err
		},
		ID:       func(user User) int64 { return user.ID },
		NewError: func(message string) error { return lookupError(operation, message, nil) },
	}
}

// userPage is what is needed of a page of users.
type userPage struct {
	CurrentPage int64   `json:"current_page"`
	LastPage    int64   `json:"last_page"`
	Total       any     `json:"total"` // not worth failing for
	Data        []*User `json:"data"`
}

// Check wants what tells whether there is more, and users that can be told apart.
func (a userPage) Check() error {
	switch {
	case a.Data == nil:
		return errors.New("the answer has no list of users")
	case a.LastPage < 1 && len(a.Data) > 0:
		return errors.New("the answer has no last_page")
	}
	for _, user := range a.Data {
		if user != nil && user.ID <= 0 {
			return errors.New("the answer has a user without an id")
		}
	}
	return nil
}

// users leaves nulls out.
func (a userPage) users() []User {
	var users []User
	for _, user := range a.Data {
		if user != nil {
			users = append(users, *user)
		}
	}
	return users
}

// total is the number of users on all pages, or -1 when the answer does not say.
func (a userPage) total() int64 {
	if n, ok := a.Total.(float64); ok {
		return int64(n)
	}
	return -1
}

// lookupError is the error of a look-up that was answered, but not so that it
// helps.
func lookupError(operation, message string, cause error) error {
	return &rest.Error{Provider: provider, Operation: operation, Message: message, Err: cause}
}
