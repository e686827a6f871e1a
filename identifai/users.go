package identifai

import (
	"bytes"
	"context"
	"errors"
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

// SendCreationEmail sends the user an email with a link to set a password or to activate
// the account, and returns the user (vendor page "Send creation email"). If the outcome is
// unknown it is not retried: the error has Executed maybe or yes, and the email may have
// been sent. An unknown user is an error that matches rest.ErrNotFound.
func (c *Client) SendCreationEmail(ctx context.Context, id int64) (User, error) {
	const operation = "SendCreationEmail"
	var p check.Problems
	p.Positive("id", id)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	contentType, body := encodeForm(UserInput{ID: &id}, inputFields[:1], false)
	resp, err := rest.Decode[userResponse](c.API().SendCreationEmailWithBody(ctx, contentType, body))
	return resp.user(), err
}

// Pricings returns the pricing plans (vendor page "Get pricings"). The page does not
// show the response: a list is accepted bare and in data.
func (c *Client) Pricings(ctx context.Context) ([]Pricing, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: "Pricings"})
	resp, err := rest.Decode[pricingsResponse](c.API().ListPricings(ctx))
	if err != nil {
		return nil, err
	}
	return withoutNil(resp), nil
}

// Credits returns the credits of the key's own user (vendor page "User credits").
func (c *Client) Credits(ctx context.Context) (Credits, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: "Credits"})
	resp, err := rest.Decode[creditsResponse](c.API().GetCredits(ctx))
	if err != nil {
		return Credits{}, err
	}
	return Credits{AvailableCredits: *resp.AvailableCredits, TotalSpent: *resp.TotalSpent}, nil
}

// userResponse is a user in data, as in the vendor's examples, or a bare user, as in its
// schema.
type userResponse struct {
	User
	Data *User `json:"data"`
}

func (r userResponse) Check() error { return wrapper.RequireID(r.user().ID) }

func (r userResponse) user() User {
	if r.Data != nil {
		return *r.Data
	}
	return r.User
}

// pricingsResponse is a list of plans in data or a bare list.
type pricingsResponse []*Pricing

// Target distinguishes the two forms by the first byte.
func (r *pricingsResponse) Target(body []byte) any {
	if bytes.HasPrefix(body, []byte("[")) {
		return (*[]*Pricing)(r)
	}
	return &struct {
		Data *[]*Pricing `json:"data"`
	}{(*[]*Pricing)(r)}
}

func (r pricingsResponse) Check() error {
	if r == nil {
		return wrapper.MissingError("data")
	}
	return wrapper.RequireIDs(withoutNil(r), func(pricing Pricing) int64 { return pricing.ID })
}

// creditsResponse distinguishes 0 credits from absent credits.
type creditsResponse struct {
	AvailableCredits *float64 `json:"available_credits"`
	TotalSpent       *float64 `json:"total_spent"`
}

func (r creditsResponse) Check() error {
	if r.AvailableCredits == nil || r.TotalSpent == nil {
		return errors.New("unexpected response: no credits")
	}
	return nil
}

// withoutNil returns the values of a list that are not null. It never returns nil.
func withoutNil[T any](list []*T) []T {
	values := make([]T, 0, len(list))
	for _, v := range list {
		if v != nil {
			values = append(values, *v)
		}
	}
	return values
}
