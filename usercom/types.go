package usercom

import gen "github.com/usersync/usersync/gen/usercom"

// What the methods of a Client take and return, by names of this package.
type (
	// User is a user as it is read. Anything but the id may be nil. Gender and
	// status are words here and numbers in requests.
	User = gen.User
	// Attribute is a custom attribute of a User; its Value is JSON.
	Attribute = gen.Attribute
	// Membership is a company that a User belongs to.
	Membership = gen.Membership
	// Tag is a tag of a User.
	Tag = gen.Tag
	// UserStatusName is the status of a User as it is read.
	UserStatusName = gen.UserStatusName
	// UpdateUserRequest is what [Client.UpdateUser] changes. A nil field is not
	// sent; new("") empties a text (inference).
	UpdateUserRequest = gen.UpdateUserRequest
	// Gender is a gender as it is written (vendor page "Miscellaneous").
	Gender = gen.Gender
	// UserStatus is a status as it is written (inference: its numbers stand in
	// other clients, on no vendor page).
	UserStatus = gen.UserStatus
)

// The genders.
const (
	GenderUnknown = gen.GenderUnknown
	GenderMale    = gen.GenderMale
	GenderFemale  = gen.GenderFemale
)

// The statuses as they are written.
const (
	UserStatusVisitor = gen.UserStatusVisitor
	UserStatusUser    = gen.UserStatusUser
)

// The statuses as they are read.
const (
	UserStatusNameVisitor = gen.UserStatusNameVisitor
	UserStatusNameUser    = gen.UserStatusNameUser
)
