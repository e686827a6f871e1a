package identifai

import (
	"fmt"
	"log/slog"
	"strings"

	"golang.org/x/text/unicode/norm"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// The types of parameters and results of a Client.
type (
	// User is a user in identifAI's responses. A field that is absent or null is
	// nil; a name or email that is absent is empty.
	User = gen.User
	// Pricing is a pricing plan.
	Pricing = gen.Pricing
	// Credits are the credits of the key's own user.
	Credits = gen.Credits
	// ListUsersParams are the filters of [Client.ListUsers].
	ListUsersParams = gen.ListUsersParams
	// SortDirection is the direction of a list, "asc" or "desc".
	SortDirection = gen.SortDirection
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

// Derived from the tags of UserInput; see package fields.
var (
	inputFields   = fields.List[UserInput]()
	inputChecker  = fields.NewChecker[UserInput, UserInput]()
	searchChecker = fields.NewChecker[searchFilters, ListUsersParams]()
	fromUser      = fields.NewMapping[User, UserInput]()
	compared      = fields.NewMapping[UserInput, UserInput]()
)

// searchFilters declares what is checked in ListUsersParams.
type searchFilters struct {
	Search    string        `json:"search"`
	PricingID int64         `json:"pricing_id" check:"positive"`
	Order     string        `json:"order" check:"nonempty"`
	Direction SortDirection `json:"direction" enum:"asc,desc"`
	PerPage   int64         `json:"per_page" check:"positive"`
	Page      int64         `json:"page" check:"positive"`
}

// inputOf returns the fields of a user that responses show. Others are unknown.
func inputOf(user User) (u UserInput) {
	fromUser.Copy(&user, &u)
	if user.Pricing != nil {
		u.PricingID = user.Pricing.ID
	}
	return u
}

// changedFields returns the fields of u, except the id, that must be sent for the user
// current: those with another value and those whose value is unknown. Differences that
// identifAI removes do not count (inference): white space around texts, their
// normalisation form, and the letter case of emails.
func changedFields(current User, u UserInput) UserInput {
	have, want := canonical(inputOf(current)), canonical(u)
	want.ID = nil
	compared.ClearEqual(&have, &want)
	for _, f := range inputFields {
		if changed := f.Of(&want); !changed.IsZero() {
			changed.Set(f.Of(&u))
		}
	}
	return want
}

// canonical returns u with texts trimmed and in NFC, and with the key of its email.
// Laravel trims all texts except passwords (inference).
func canonical(u UserInput) UserInput {
	for _, f := range inputFields {
		if text, ok := f.Of(&u).Interface().(string); ok {
			f.Of(&u).SetString(norm.NFC.String(strings.TrimSpace(text)))
		}
	}
	u.Email = email.Key(u.Email)
	return u
}
