package usercom

import gen "github.com/usersync/usersync/gen/usercom"

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
