package identifai

import (
	"fmt"
	"log/slog"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

type (
	// User is a user as identifAI shows it. Fields that it left out or answered
	// as null are nil, an absent name or address is empty.
	User = gen.User
	// Pricing is a pricing plan.
	Pricing = gen.Pricing
	// Credits are the credits of the key's own user.
	Credits = gen.Credits
)

// UserInput is how a user is to look after [Client.UpsertUser]. Name, Email,
// Heuristic and PricingID are required, for updates too (vendor page "Create or
// update user"). Any other field that is not set is not sent; an existing user
// then presumably keeps what it has there (inference). The names in errors are
// those of the page: pricing_id, save_files and so on.
type UserInput struct {
	// ID is the id that an earlier upsert returned. nil creates a user.
	ID    *int64
	Name  string
	Email string
	// Heuristic gives the user's verdicts. The vendor publishes no list; its
	// examples show Average and AverageExcludeObsolete.
	Heuristic string
	// PricingID is the id of one of [Client.Pricings].
	PricingID int64
	// Password is not sent when empty. The vendor publishes no rules for it.
	Password rest.Secret
	// Readonly users can only look at results.
	Readonly *bool
	// Newsletter and SaveFiles can be set but are never shown.
	Newsletter *bool
	SaveFiles  *bool
}

// Validate makes the checks UpsertUser makes before it sends anything. Its error
// is a *rest.Error that names every bad field and matches rest.ErrInvalid.
func (u UserInput) Validate() error {
	var p check.Problems
	if u.ID != nil {
		p.Positive("id", *u.ID)
	}
	p.Required("name", u.Name)
	p.Required("email", u.Email)
	p.Email("email", u.Email)
	p.Required("heuristic", u.Heuristic)
	p.Positive("pricing_id", u.PricingID)
	p.Text("password", string(u.Password))
	return p.Err(provider, opUpsert)
}

// LogValue keeps the password out of what slog writes: a handler for JSON would
// otherwise marshal it as it is. That it does with inputs in a list or in a struct of
// your own: log them one by one.
func (u UserInput) LogValue() slog.Value { return slog.AnyValue(u.redacted()) }

// Format keeps the password out of what fmt writes, also where a verb does not fit:
// fmt then writes fields without asking their types.
func (u UserInput) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), u.redacted())
}

// redacted has no methods, and the name that %#v writes.
func (u UserInput) redacted() any {
	if u.Password != "" {
		u.Password = rest.Secret(u.Password.String())
	}
	type input = UserInput
	type UserInput input
	return UserInput(u)
}
