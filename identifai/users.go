package identifai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

// SendCreationEmail mails the user a link to set a password or to activate the
// account, and returns the user (vendor page "Send creation email"). It is not
// repeated when its outcome is unknown: the error has Executed maybe or yes then,
// and the mail may have gone out. A user that does not exist is an error that
// matches rest.ErrNotFound.
func (c *Client) SendCreationEmail(ctx context.Context, id int64) (User, error) {
	const operation = "SendCreationEmail"
	var p check.Problems
	p.Positive("id", id)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	contentType, body := encodeID(id).reader()
	answer, err := rest.Decode[userResponse](c.api.SendCreationEmailWithBody(ctx, contentType, body))
	return answer.user(), err
}

// Pricings returns the pricing plans on offer (vendor page "Get pricings"). The
// page does not show the answer: a list is understood bare and in data.
func (c *Client) Pricings(ctx context.Context) ([]Pricing, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: "Pricings"})
	answer, err := rest.Decode[pricingsResponse](c.api.ListPricings(ctx))
	return answer.pricings(), err
}

// Credits returns the credits of the user that the key belongs to (vendor page
// "User credits").
func (c *Client) Credits(ctx context.Context) (Credits, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: "Credits"})
	answer, err := rest.Decode[creditsResponse](c.api.GetCredits(ctx))
	return answer.credits(), err
}

// userResponse reads a user in data, as the vendor's examples show it, and a bare
// one, as its schema says.
type userResponse struct {
	User
	Data *User `json:"data"`
}

// Check wants an id.
func (a userResponse) Check() error {
	if a.user().ID <= 0 {
		return errors.New("the answer has no user id")
	}
	return nil
}

func (a userResponse) user() User {
	if a.Data != nil {
		return *a.Data
	}
	return a.User
}

// pricingsResponse reads plans in data and bare ones.
type pricingsResponse []*Pricing

// UnmarshalJSON tells the two apart by their first byte.
func (a *pricingsResponse) UnmarshalJSON(text []byte) error {
	if !bytes.HasPrefix(text, []byte("{")) {
		return json.Unmarshal(text, (*[]*Pricing)(a))
	}
	var envelope struct {
		Data []*Pricing `json:"data"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return err
	}
	*a = envelope.Data
	return nil
}

// Check wants a list, of plans that can be told apart.
func (a pricingsResponse) Check() error {
	if a == nil {
		return errors.New("the answer has no list of pricing plans")
	}
	for _, pricing := range a {
		if pricing != nil && pricing.ID <= 0 {
			return errors.New("the answer has a pricing plan without an id")
		}
	}
	return nil
}

// pricings leaves nulls out. An empty list stays one.
func (a pricingsResponse) pricings() []Pricing {
	if a == nil {
		return nil
	}
	pricings := make([]Pricing, 0, len(a))
	for _, pricing := range a {
		if pricing != nil {
			pricings = append(pricings, *pricing)
		}
	}
	return pricings
}

// creditsResponse tells credits of 0 from none.
type creditsResponse struct {
	AvailableCredits *float64 `json:"available_credits"`
	TotalSpent       *float64 `json:"total_spent"`
}

// Check wants both numbers.
func (a creditsResponse) Check() error {
	if a.AvailableCredits == nil || a.TotalSpent == nil {
		return errors.New("the answer has no credits")
	}
	return nil
}

func (a creditsResponse) credits() Credits {
	if a.AvailableCredits == nil || a.TotalSpent == nil {
		return Credits{}
	}
	return Credits{AvailableCredits: *a.AvailableCredits, TotalSpent: *a.TotalSpent}
}
