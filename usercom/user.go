package usercom

import (
	"encoding/json"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fields"
)

// The types of parameters and results of a Client.
type (
	// User is a user in a response. All fields except the id may be nil. Gender and
	// status are text here, such as "female" and "visitor", and numbers in requests.
	User = gen.User
	// UpdateUserRequest contains the changes of [Client.UpdateUser]. A nil field is
	// not sent; new("") empties a text field (inference).
	UpdateUserRequest = gen.UpdateUserRequest
	// Gender is a gender in a request (vendor page "Miscellaneous").
	Gender = gen.Gender
	// UserStatus is a status in a request (inference: its numbers are used by other
	// clients, but are on no vendor page).
	UserStatus = gen.UserStatus
)

// The genders.
const (
	GenderUnknown = gen.GenderUnknown
	GenderMale    = gen.GenderMale
	GenderFemale  = gen.GenderFemale
)

// The statuses in requests.
const (
	UserStatusVisitor = gen.UserStatusVisitor
	UserStatusUser    = gen.UserStatusUser
)

// UserInput is the input of [Client.UpsertUser]. UserID is required. Other fields with
// their zero value are not sent; an existing user keeps the value (inference). To empty a
// field, use [Client.UpdateUser]. The struct tags declare each field: the name that vendor
// page "Update or create user" and errors use, the name in version 2 of the API if it
// differs, and what is checked.
type UserInput struct {
	// UserID is the caller's own id of the user. user.com identifies a user by it and by
	// nothing else. Version 2 of the API calls it custom_id.
	UserID string `json:"user_id" v2:"custom_id" check:"required,key" help:"your own; identifies the user"`

	// Email need not be unique. A new UserID with the email of another user
	// creates a second user with that email (inference).
	Email string `json:"email" check:"email"`
	// FirstName and LastName have at most 40 characters each in version 2 of the API.
	FirstName string `json:"first_name" help:"at most 40 characters in version 2 of the API"`
	LastName  string `json:"last_name" help:"at most 40 characters in version 2 of the API"`
	// PhoneNumber is in E.164, like +390612345678 (vendor page "Miscellaneous").
	PhoneNumber string     `json:"phone_number" check:"phone"`
	Gender      Gender     `json:"gender" enum:"1=unknown,2=male,3=female"`
	Status      UserStatus `json:"status" enum:"1=visitor,2=user"`

	City    string `json:"city"`
	Region  string `json:"region"`
	Country string `json:"country"`
	// Timezone is sent as it is; no list of names is published.
	Timezone string `json:"timezone"`

	// CompanyID is the company of which the user becomes an employee. Version 2 of
	// the API calls it company_custom_id.
	CompanyID string `json:"company_id" v2:"company_custom_id" check:"key" help:"company of which the user becomes an employee"`
	// AssignedTo is the vendor's id of the responsible agent.
	AssignedTo int64 `json:"assigned_to" check:"positive" help:"id of the responsible agent"`
	// Score is sent if it is not nil, also if it is 0.
	Score *int64 `json:"score"`
	// Notifications and Unsubscribed are sent if they are not nil.
	Notifications *bool `json:"notifications"`
	Unsubscribed  *bool `json:"unsubscribed"`

	FacebookURL string `json:"facebook_url"`
	GoogleURL   string `json:"google_url"`
	GravatarURL string `json:"gravatar_url"`
	LinkedInURL string `json:"linkedin_url"`
	TwitterURL  string `json:"twitter_url"`

	// Tags are added to those of the user. They need version 2 of the API.
	Tags []string `json:"tags" help:"version 2 of the API only; other tags of the user stay"`

	// Attributes are custom attributes by name, as for [Client.SetAttributes]. Version 1
	// of the API needs a second request for them.
	Attributes map[string]any `json:"attributes" help:"custom attributes by name, such as {\"plan\":\"pro\"}"`
}

// Key identifies the user by UserID. Use it with upsert.WithKey.
func (u UserInput) Key() string { return u.UserID }

// Validate makes the checks that UpsertUser makes before it sends a request, with version
// 1 of the API. Its error is a *rest.Error that names every invalid field and matches
// rest.ErrInvalid; a custom attribute has the name attributes.<name>.
func (u UserInput) Validate() error { return u.ValidateVersion(1) }

// ValidateVersion is Validate for version 1 or 2 of the API. Errors use the names of
// version 1.
func (u UserInput) ValidateVersion(version int) error {
	var p check.Problems
	inputChecker.Check(&p, &u)
	checkAttributes(&p, u.Attributes)
	switch {
	case version == 2:
		inputChecker2.Check(&p, &u)
	case len(u.Tags) > 0:
		p.Add("tags", "need version 2 of the API (WithVersion)")
	}
	return p.Err(provider, opUpsert)
}

// upsertBody returns the JSON body of an upsert.
func (u UserInput) upsertBody(version int) ([]byte, error) {
	u.Email = email.Normalize(u.Email)
	if version == 2 {
		request := gen.UpdateOrCreateUserV2Request{AdditionalProperties: u.Attributes}
		toVersion2.Copy(&u, &request)
		return json.Marshal(request)
	}
	var request gen.UpdateOrCreateUserRequest
	toVersion1.Copy(&u, &request)
	return json.Marshal(request)
}

// Derived from the tags of UserInput; see package fields.
var (
	inputChecker  = fields.NewChecker[UserInput, UserInput]()
	updateChecker = fields.NewChecker[UserInput, UpdateUserRequest]()
	toVersion1    = fields.NewMapping[UserInput, gen.UpdateOrCreateUserRequest]()
	toVersion2    = fields.NewMappingBy[UserInput, gen.UpdateOrCreateUserV2Request]("v2")

	inputChecker2  = fields.NewChecker[version2Limits, UserInput]()
	updateChecker2 = fields.NewChecker[version2Limits, UpdateUserRequest]()
)

// version2Limits declares limits that only vendor page "Update or create user",
// version 2, contains.
type version2Limits struct {
	FirstName string `json:"first_name" check:"max=40"`
	LastName  string `json:"last_name" check:"max=40"`
}
