package identifai

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fields"
)

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
