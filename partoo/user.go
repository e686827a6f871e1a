package partoo

import (
	"fmt"
	"log/slog"

	"github.com/usersync/usersync/rest"
)

// UserInput is how a user is to look after [Client.UpsertUser]. Email, FirstName
// and LastName are required; any other field with its zero value is not sent,
// and an existing user keeps what it has there. The names in errors are those of
// vendor page "Create user": first_name, business_ids and so on.
type UserInput struct {
	// Email is what the user is found by, whole and in any case. An existing
	// user's address is never rewritten for its case alone.
	Email     string
	FirstName string
	LastName  string

	// OrgID is the organisation. Only a PROVIDER key may choose; with any other
	// the user belongs to the organisation of the key.
	OrgID *int64
	// Role is best always given. What a new user is without one is not in the
	// specification; the vendor's guide to users says an ORG_ADMIN.
	Role Role
	// CustomRole is the api_id of a custom role of the organisation.
	CustomRole string
	// Accesses are lists of ids of groups. Partoo heeds them for GROUP_MANAGER
	// alone. nil: not sent; empty: sent as [], which presumably (inference) takes
	// every access away. Order and duplicates do not matter.
	Accesses [][]int64
	// BusinessIDs are the businesses the user may reach. Partoo heeds them for
	// BUSINESS_MANAGER alone. nil and empty differ as in Accesses.
	BusinessIDs []string
	// SidebarPages are the features in the user's sidebar. The vendor has
	// deprecated them for custom roles. nil: not sent, which gives a new user
	// every feature; empty: sent as [].
	SidebarPages []SidebarPage
	// Lang is the language of the application.
	Lang Lang
	// SSOOnly keeps the user from signing in at Partoo directly. For
	// organisations with single sign-on; the key must belong to an ORG_ADMIN or
	// PROVIDER.
	SSOOnly *bool

	// OnCreate counts when the user is created, and never changes an existing one.
	OnCreate OnCreate
}

// OnCreate is what only makes sense for a new user.
type OnCreate struct {
	// Password must have at least 8 characters, among them an upper-case letter,
	// a lower-case letter and a special one, taken to be what is neither letter
	// nor digit. Without one Partoo makes one up. It is ignored when an
	// invitation is sent.
	Password rest.Secret
	// SendInvitation has Partoo mail an invitation at once. nil is false. An
	// upsert that may have mailed one does not create the user a second time.
	SendInvitation *bool
	// Status is UserStatusInvited, with SendInvitation false, for a user who is
	// to be invited later by [Client.InviteUser].
	Status UserStatus
}

// Validate makes the checks UpsertUser makes before it sends anything. Its error
// is a *rest.Error that names every bad field and matches rest.ErrInvalid.
func (u UserInput) Validate() error {
	return checkCreate(opUpsert, u.createRequest())
}

// LogValue keeps the password out of what slog writes: a handler for JSON would
// otherwise marshal it as it is. That it does with inputs in a list or in a struct of
// your own: log them one by one.
func (u UserInput) LogValue() slog.Value { return slog.AnyValue(u.redacted()) }

// Format keeps the password out of what fmt writes, also where a verb does not fit:
// fmt then writes fields without asking their types.
func (u UserInput) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), u.redacted())
}

// redacted has no methods, and the name that %#v writes.
func (u UserInput) redacted() any {
	u.OnCreate = u.OnCreate.withoutPassword()
	type input = UserInput
	type UserInput input
	return UserInput(u)
}

// LogValue keeps the password out of what slog writes.
func (o OnCreate) LogValue() slog.Value { return slog.AnyValue(o.redacted()) }

// Format keeps the password out of what fmt writes.
func (o OnCreate) Format(f fmt.State, verb rune) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), o.redacted())
}

func (o OnCreate) redacted() any {
	type input = OnCreate
	type OnCreate input
	return OnCreate(o.withoutPassword())
}

func (o OnCreate) withoutPassword() OnCreate {
	if o.Password != "" {
		o.Password = rest.Secret(o.Password.String())
	}
	return o
}

// createRequest is u as a new user.
func (u UserInput) createRequest() CreateUserRequest {
	return CreateUserRequest{
		Email:          u.Email,
		FirstName:      u.FirstName,
		LastName:       u.LastName,
		OrgID:          u.OrgID,
		Role:           ptrOrNil(u.Role),
		CustomRole:     ptrOrNil(u.CustomRole),
		Accesses:       slicePtrOrNil(u.Accesses),
		BusinessIDs:    slicePtrOrNil(u.BusinessIDs),
		SidebarPages:   slicePtrOrNil(u.SidebarPages),
		Lang:           ptrOrNil(u.Lang),
		SSOOnly:        u.SSOOnly,
		Password:       ptrOrNil(u.OnCreate.Password),
		SendInvitation: u.OnCreate.SendInvitation,
		Status:         ptrOrNil(u.OnCreate.Status),
	}
}

// ptrOrNil returns v for a request, or nil when it is the zero value.
func ptrOrNil[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return new(v) // &v would put every v on the heap, also those not returned
}

func slicePtrOrNil[T any](v []T) *[]T {
	if v == nil {
		return nil
	}
	return new(v)
}
