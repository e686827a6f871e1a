package usercom

import (
	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/wrapper"
)

// UserInput is the input of [Client.UpsertUser]. UserID is required. Any other
// field with its zero value is not sent; an existing user then keeps the value
// (inference). To empty a field, use [Client.UpdateUser]. Errors use the field names
// of vendor page "Update or create user": user_id, first_name and so on.
type UserInput struct {
	// UserID is the caller's own id of the user. user.com identifies a user by it
	// and by nothing else, not by Email. (The vendor's newer pages call it
	// custom_id.)
	UserID string

	// Email need not be unique. A new UserID with the email of another user
	// creates a second user with that email (inference).
	Email string
	// FirstName and LastName have at most 40 characters each.
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

	// CompanyID is the company of which the user becomes an employee.
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

	// Attributes are custom attributes by name, as for [Client.SetAttributes].
	// They need a second request, which is not sent if Attributes is empty.
	Attributes map[string]any
}

// Validate makes the checks that UpsertUser makes before it sends a request. Its
// error is a *rest.Error that names every invalid field and matches
// rest.ErrInvalid; a custom attribute has the name attributes.<name>.
func (u UserInput) Validate() error {
	return checkUpsert(u.upsertRequest(), u.Attributes)
}

// upsertRequest returns u without its custom attributes: user.com ignores unknown
// fields in an upsert without an error (inference from the framework); vendor page
// "Update or create user" sets custom attributes by another request.
func (u UserInput) upsertRequest() gen.UpdateOrCreateUserRequest {
	return gen.UpdateOrCreateUserRequest{
		UserID:        new(u.UserID),
		Email:         wrapper.PtrOrNil(u.Email),
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
