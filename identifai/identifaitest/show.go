package identifaitest

import (
	"fmt"

	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
)

// timestamp is the vendor's form of a date.
const timestamp = "2006-01-02T15:04:05.000000Z"

// userJSON is a user in a response. Fields that the fake does not store are null, as
// in the vendor's examples.
type userJSON struct {
	ID              int64     `json:"id"`
	Name            string    `json:"name"`
	Email           string    `json:"email"`
	EmailVerifiedAt string    `json:"email_verified_at"`
	Address         *string   `json:"address"`
	Zip             *string   `json:"zip"`
	City            *string   `json:"city"`
	Country         *string   `json:"country"`
	Phone           *string   `json:"phone"`
	Contact         *string   `json:"contact"`
	VAT             *string   `json:"vat"`
	CreatedAt       string    `json:"created_at"`
	UpdatedAt       string    `json:"updated_at"`
	Balance         *float64  `json:"balance"`
	Heuristic       string    `json:"heuristic"`
	Readonly        *bool     `json:"readonly"`
	Pricing         *pricing  `json:"pricing"`
	Partner         *userJSON `json:"partner"`
}

var toResponse = fields.NewMapping[User, userJSON]()

type pricing struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	SKU  string `json:"sku"`
}

// pricingPlans returns the listed pricing plans. Any other id above 0 is accepted
// too, so that a service can use its own ids.
func pricingPlans() []pricing {
	return []pricing{{1, "Basic", "basic"}, {2, "Pro", "pro"}, {3, "Enterprise", "enterprise"}}
}

func plan(id int64) *pricing {
	for _, p := range pricingPlans() {
		if p.ID == id {
			return &p
		}
	}
	return &pricing{id, fmt.Sprintf("Plan %d", id), fmt.Sprintf("plan-%d", id)}
}

// partnerID is the id of the key's own user, which is not in the list.
const partnerID = 1 << 40

type record = fake.Record[User]

func toJSON(r *record) *userJSON {
	created := r.Created.UTC().Format(timestamp)
	user := &userJSON{EmailVerifiedAt: created, CreatedAt: created, UpdatedAt: r.Updated.UTC().Format(timestamp), Pricing: plan(r.User.PricingID)}
	user.Partner = &userJSON{
		ID: partnerID, Name: "Partner", Email: "partner@example.com", Heuristic: "Average",
		EmailVerifiedAt: created, CreatedAt: created, UpdatedAt: created,
	}
	toResponse.Copy(&r.User, user)
	return user
}
