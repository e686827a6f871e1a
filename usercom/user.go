package usercom

import (
	"cmp"
	"encoding/json"
	"maps"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
)

// UserInput is the input of [Client.UpsertUser]. UserID is required. Any other
// field with its zero value is not sent; an existing user then keeps the value
// (inference). To empty a field, use [Client.UpdateUser]. Errors use the field names
// of vendor page "Update or create user": user_id, first_name and so on.
type UserInput struct {
	// UserID is the caller's own id of the user. user.com identifies a user by it
	// and by nothing else, not by Email. Version 2 of the API calls it custom_id.
	UserID string

	// Email need not be unique. A new UserID with the email of another user
	// creates a second user with that email (inference).
	Email string
	// FirstName and LastName have at most 40 characters each in version 2 of the
	// API.
	FirstName string
	LastName  string
	// PhoneNumber is in E.164, like +390612345678 (vendor page "Miscellaneous").
	PhoneNumber string
	Gender      Gender
	Status      UserStatus

	City    string
	Region  string
	Country string
	// Timezone is sent as it is; no list of names is published.
	Timezone string

	// CompanyID is the company of which the user becomes an employee. Version 2 of
	// the API calls it company_custom_id.
	CompanyID string
	// AssignedTo is the vendor's id of the responsible agent.
	AssignedTo int64
	// Score is sent if it is not nil, also if it is 0.
	Score *int64
	// Notifications and Unsubscribed are sent if they are not nil.
	Notifications *bool
	Unsubscribed  *bool

	FacebookURL string
	GoogleURL   string
	GravatarURL string
	LinkedInURL string
	TwitterURL  string

	// Tags are added to those of the user; other tags of the user stay. They need
	// version 2 of the API.
	Tags []string

	// Attributes are custom attributes by name, as for [Client.SetAttributes].
	// Version 2 of the API gets them with the other fields. Version 1 needs a
	// second request, which is not sent if Attributes is empty.
	Attributes map[string]any
}

// Key returns UserID, by which user.com identifies a user. Use it for
// upsert.WithKey.
func (u UserInput) Key() string { return u.UserID }

// Validate makes the checks that UpsertUser makes before it sends a request, with
// version 1 of the API. Its error is a *rest.Error that names every invalid field
// and matches rest.ErrInvalid; a custom attribute has the name attributes.<name>.
func (u UserInput) Validate() error { return u.ValidateVersion(1) }

// ValidateVersion is Validate for version 1 or 2 of the API. Errors use the field
// names of version 1 for both.
func (u UserInput) ValidateVersion(version int) error {
	var p check.Problems
	checkFields(&p, u.upsertRequest(), version)
	checkAttributes(&p, u.Attributes)
	if version == 1 && len(u.Tags) > 0 {
		p.Add("tags", "need version 2 of the API (WithVersion)")
	}
	for _, tag := range u.Tags {
		p.Required("tags", tag)
	}
	return p.Err(provider, opUpsert)
}

// version2Names contains the names of version 2 that differ from version 1.
var version2Names = map[string]string{"user_id": "custom_id", "company_id": "company_custom_id"}

// upsertBody returns the JSON body of an upsert.
func (u UserInput) upsertBody(version int) ([]byte, error) {
	body, err := json.Marshal(u.upsertRequest())
	if version == 1 || err != nil {
		return body, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	request := maps.Clone(u.Attributes)
	if request == nil {
		request = make(map[string]any, len(fields))
	}
	for name, value := range fields {
		request[cmp.Or(version2Names[name], name)] = value
	}
	if len(u.Tags) > 0 {
		request["tags"] = u.Tags
	}
	return json.Marshal(request)
}

// upsertRequest returns u without its custom attributes: user.com ignores unknown
// fields in an upsert without an error (inference from the framework); vendor page
// "Update or create user" sets custom attributes by another request.
func (u UserInput) upsertRequest() gen.UpdateOrCreateUserRequest {
	return gen.UpdateOrCreateUserRequest{
		UserID:        new(u.UserID),
		Email:         wrapper.PtrOrNil(email.Normalize(u.Email)),
		FirstName:     wrapper.PtrOrNil(u.FirstName),
		LastName:      wrapper.PtrOrNil(u.LastName),
		PhoneNumber:   wrapper.PtrOrNil(u.PhoneNumber),
		Gender:        wrapper.PtrOrNil(u.Gender),
		Status:        wrapper.PtrOrNil(u.Status),
		City:          wrapper.PtrOrNil(u.City),
		Region:        wrapper.PtrOrNil(u.Region),
		Country:       wrapper.PtrOrNil(u.Country),
		Timezone:      wrapper.PtrOrNil(u.Timezone),
		CompanyID:     wrapper.PtrOrNil(u.CompanyID),
		AssignedTo:    wrapper.PtrOrNil(u.AssignedTo),
		Score:         u.Score,
		Notifications: u.Notifications,
		Unsubscribed:  u.Unsubscribed,
		FacebookURL:   wrapper.PtrOrNil(u.FacebookURL),
		GoogleURL:     wrapper.PtrOrNil(u.GoogleURL),
		GravatarURL:   wrapper.PtrOrNil(u.GravatarURL),
		LinkedInURL:   wrapper.PtrOrNil(u.LinkedInURL),
		TwitterURL:    wrapper.PtrOrNil(u.TwitterURL),
	}
}
