package identifai

import (
	"fmt"
	"log/slog"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// UserInput is the input of [Client.UpsertUser]. Name, Email, Heuristic and PricingID
// are required, also for updates (vendor page "Create or update user"). Other fields
// that are not set are not sent; an existing user then keeps the value (inference). The
// struct tags declare each field in the order of the page: the name that requests and
// errors use, and what is checked.
type UserInput struct {
	// ID is the id that an earlier upsert returned. nil creates a user.
	ID    *int64 `json:"id" check:"positive" help:"identifAI's own; without it the user is created, or found by email if that is taken"`
	Name  string `json:"name" check:"required"`
	Email string `json:"email" check:"required,email"`
	// Password is not sent if empty. The vendor publishes no rules for it.
	Password rest.Secret `json:"password"`
	// Heuristic selects how the user's verdicts are computed. The vendor publishes
	// no list; its examples contain Average and AverageExcludeObsolete.
	Heuristic string `json:"heuristic" check:"required" help:"such as Average"`
	// PricingID is the id of one of [Client.Pricings].
	PricingID int64 `json:"pricing_id" check:"required,positive"`
	// Readonly users can only view results.
	Readonly *bool `json:"readonly"`
	// Newsletter and SaveFiles can be set, but responses never contain them.
	Newsletter *bool `json:"newsletter"`
	SaveFiles  *bool `json:"save_files"`
}

// Validate makes the checks that UpsertUser makes before it sends a request. Its error
// is a *rest.Error that names every invalid field and matches rest.ErrInvalid.
func (u UserInput) Validate() error { return inputChecker.Err(provider, opUpsert, u) }

// Key identifies the user by the email: letter case and the Unicode normalisation form
// do not count. Use it with upsert.WithKey.
func (u UserInput) Key() string { return email.Key(u.Email) }

// LogValue hides the password in slog output. A handler does not call it for inputs in
// a list or in another struct: log inputs one by one.
func (u UserInput) LogValue() slog.Value { return wrapper.LogValue(u) }

// Format hides the password in fmt output.
func (u UserInput) Format(f fmt.State, verb rune) { wrapper.Format(f, verb, u) }
