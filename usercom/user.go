package usercom

import (
	gen "github.com/usersync/usersync/gen/usercom"
)

// UserInput is how a user is to look after [Client.UpsertUser]. UserID is
// required; any other field with its zero value is not sent, and an existing user
// presumably (inference) keeps what it has there. To empty a field, use
// [Client.UpdateUser]. Errors name the fields as vendor page "Update or create
// user" does: user_id, first_name and so on.
type UserInput struct {
	// UserID is the caller's own identifier of the user, and what the user is
	// found by: nothing else is, not even Email. (The vendor's newer pages call it
	// custom_id.)
	UserID string

	// Email need not be unique. A new UserID with the address of another user
	// presumably (inference) makes a second user with that address.
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

	// CompanyID is the company that the user becomes an employee of.
	CompanyID string
	// AssignedTo is the vendor's id of the agent in charge.
	AssignedTo int64
	// Score is sent when it is not nil; 0 is a score.
	Score *int64
	// Notifications and Unsubscribed are sent when they are not nil.
	Notifications *bool
	Unsubscribed  *bool

	FacebookURL string
	GoogleURL   string
	GravatarURL string
	LinkedInURL string
	TwitterURL  string

	// Attributes are custom attributes by name, as for [Client.SetAttributes].
	// They take a second request; nil or empty, none is sent.
	Attributes map[string]any
}

// Validate makes the checks UpsertUser makes before it sends anything. Its error
// is a *rest.Error that names every bad field and matches rest.ErrInvalid; a
// custom attribute is named attributes.<name>.
func (u UserInput) Validate() error {
	return checkUpsert(u.upsertRequest(), u.Attributes)
}

// upsertRequest is u without its custom attributes: those do not belong in an upsert,
// and vanish from it without an error (vendor page "Update or create user").
func (u UserInput) upsertRequest() gen.UpdateOrCreateUserRequest {
	return gen.UpdateOrCreateUserRequest{
		UserID:        new(u.UserID),
		Email:         ptrOrNil(u.Email),
		FirstName:     ptrOrNil(u.FirstName),
		LastName:      ptrOrNil(u.LastName),
		PhoneNumber:   ptrOrNil(u.PhoneNumber),
		Gender:        ptrOrNil(u.Gender),
		Status:        ptrOrNil(u.Status),
		City:          ptrOrNil(u.City),
		Region:        ptrOrNil(u.Region),
		Country:       ptrOrNil(u.Country),
		Timezone:      ptrOrNil(u.Timezone),
		CompanyID:     ptrOrNil(u.CompanyID),
		AssignedTo:    ptrOrNil(u.AssignedTo),
		Score:         u.Score,
		Notifications: u.Notifications,
		Unsubscribed:  u.Unsubscribed,
		FacebookURL:   ptrOrNil(u.FacebookURL),
		GoogleURL:     ptrOrNil(u.GoogleURL),
		GravatarURL:   ptrOrNil(u.GravatarURL),
		LinkedInURL:   ptrOrNil(u.LinkedInURL),
		TwitterURL:    ptrOrNil(u.TwitterURL),
	}
}

// ptrOrNil returns v for a request, or nil when it is the zero value.
func ptrOrNil[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return new(v) // &v would put every v on the heap, also those not returned
}
