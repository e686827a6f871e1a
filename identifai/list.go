package identifai

import (
	"context"
	"errors"
	"iter"
	"reflect"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/paging"
	"github.com/usersync/usersync/rest"
)

type (
	// ListUsersParams are the filters of [Client.Users].
	ListUsersParams = gen.ListUsersParams
	// SortDirection is the direction of a list, "asc" or "desc".
	SortDirection = gen.SortDirection
)

// perPage is the default page size: that of the example on vendor page "Retrieve
// users". According to the page, a request without a page size returns all users,
// which may exceed the response limit.
const perPage = 100

// Users lists the partner's users that pass all filters that are set (vendor page
// "Retrieve users"), from params.Page (default 1) to the last page. Each page is
// fetched when the loop reaches it; after a break nothing more is sent.
//
//	for user, err := range client.Users(ctx, identifai.ListUsersParams{}) {
//
// An error ends the list; it is yielded with a zero User. Pages are not a
// snapshot: a user that is created meanwhile may move others to another page. Each
// user is still yielded once. The default of PerPage is 100. The parameter names
// search and page are inference.
func (c *Client) Users(ctx context.Context, params ListUsersParams) iter.Seq2[User, error] {
	const operation = "Users"
	if err := listChecker.Err(provider, operation, params); err != nil {
		return func(yield func(User, error) bool) { yield(User{}, err) }
	}
	return c.userPages(ctx, operation, params).All()
}

// listFilters declares what is checked in ListUsersParams.
type listFilters struct {
	Search    string        `json:"search"`
	PricingID int64         `json:"pricing_id" check:"positive"`
	Order     string        `json:"order" check:"nonempty"`
	Direction SortDirection `json:"direction" enum:"asc,desc"`
	PerPage   int64         `json:"per_page" check:"positive"`
	Page      int64         `json:"page" check:"positive"`
}

var listChecker = fields.NewChecker[listFilters, ListUsersParams]()

// userPages lists users with parameters that were checked before.
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
			resp, err := rest.Decode[userPage](c.API().ListUsers(ctx, &params))
			return paging.Page[User]{Number: resp.CurrentPage, Last: resp.LastPage, Total: resp.total(), Items: withoutNil(resp.Data)}, err
		},
		ID:       func(user User) int64 { return user.ID },
		NewError: func(message string) error { return lookupError(operation, message, nil) },
	}
}

// userPage contains the fields of a page that are used.
type userPage struct {
	CurrentPage int64   `json:"current_page"`
	LastPage    int64   `json:"last_page"`
	Total       any     `json:"total"` // any other type than a number is ignored
	Data        []*User `json:"data"`
}

// Spec returns the type with all fields of the spec.
func (userPage) Spec() reflect.Type { return reflect.TypeFor[gen.UserPage]() }

// Strict returns the fields that decide which user is meant.
func (userPage) Strict() []string { return []string{"data.id", "data.email"} }

// Check requires the number of the last page and an id for every user.
func (p userPage) Check() error {
	switch {
	case p.Data == nil:
		return errors.New("response contains no list of users")
	case p.LastPage < 1 && len(p.Data) > 0:
		return errors.New("response contains no last_page")
	}
	for _, user := range withoutNil(p.Data) {
		if user.ID <= 0 {
			return errors.New("response contains a user without an id")
		}
	}
	return nil
}

// total returns the number of users on all pages, or -1 if it is unknown.
func (p userPage) total() int64 {
	if n, ok := p.Total.(float64); ok {
		return int64(n)
	}
	return -1
}
