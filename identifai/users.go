package identifai

import (
	"bytes"
	"context"
	"errors"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

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
