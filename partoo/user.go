package partoo

import (
	"fmt"
	"log/slog"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// The types of parameters and results of a Client. Optional fields are pointers: nil is
// not sent. In a request, a pointer to an empty list is sent as [].
type (
	// User is a user in Partoo's responses (vendor page "User information").
	User = gen.User
	// CreateUserRequest is the input of [Client.CreateUser].
	CreateUserRequest = gen.CreateUserRequest
	// UpdateUserRequest is the input of [Client.UpdateUser].
	UpdateUserRequest = gen.UpdateUserRequest
	// SearchUsersParams are the filters of [Client.SearchUsers].
	SearchUsersParams = gen.SearchUsersParams

	// Role decides what a user may do.
	Role = gen.Role
	// UserStatus is active, or invited until the user accepts the invitation.
	UserStatus = gen.UserStatus
	// Lang is the language of the application, such as "en" or "pt-br".
	Lang = gen.Lang
	// SidebarPage is a feature in the sidebar, such as "posts".
	SidebarPage = gen.SidebarPage
	// UserOrder is the order of a search, such as "email" or "-last_name".
	UserOrder = gen.UserOrder
)

// The roles (vendor page "Create user"). Responses may contain others: Partoo has added
// some before.
const (
	RoleOrgAdmin        = gen.RoleOrgAdmin
	RoleOrgManager      = gen.RoleOrgManager
	RoleGroupManager    = gen.RoleGroupManager
	RoleBusinessManager = gen.RoleBusinessManager
	RolePublisher       = gen.RolePublisher
	// RoleProvider occurs in responses and searches; no request may set it.
	RoleProvider Role = "PROVIDER"
)

// The statuses.
const (
	UserStatusActive  = gen.UserStatusActive
	UserStatusInvited = gen.UserStatusInvited
)

// UserInput is the input of [Client.UpsertUser]. Email, FirstName and LastName are
// required. Other fields with their zero value are not sent; an existing user keeps the
// value. The struct tags declare each field: the name that vendor page "Create user" and
// errors use, and what is checked.
type UserInput struct {
	// Email identifies the user, in any letter case. The email of an existing user
	// is never changed, not even its case. It is sent in NFC.
	Email     string `json:"email" check:"required,email" update:"-" help:"identifies the user, in any case"`
	FirstName string `json:"first_name" check:"required"`
	LastName  string `json:"last_name" check:"required"`

	// OrgID is the organisation. Only a PROVIDER key may set it; otherwise the user
	// belongs to the organisation of the key.
	OrgID *int64 `json:"org_id" check:"positive" help:"PROVIDER keys only"`
	// Role should always be set. The role of a new user without one is not in the
	// spec; the vendor's guide to users says ORG_ADMIN.
	Role Role `json:"role" enum:"ORG_ADMIN,ORG_MANAGER,GROUP_MANAGER,BUSINESS_MANAGER,PUBLISHER"`
	// CustomRole is the api_id of a custom role of the organisation.
	CustomRole string `json:"custom_role" check:"nonempty,key" help:"api_id of a custom role"`
	// Accesses are lists of group ids. Partoo ignores them unless the role is
	// GROUP_MANAGER. nil is not sent; an empty list is sent as [], which removes all
	// accesses (inference). Order and duplicates do not matter.
	Accesses [][]int64 `json:"accesses" check:"positive" help:"group ids; GROUP_MANAGER only"`
	// BusinessIDs are the businesses of the user. Partoo ignores them unless the
	// role is BUSINESS_MANAGER. nil and empty differ as in Accesses.
	BusinessIDs []string `json:"business_ids" check:"key" help:"BUSINESS_MANAGER only"`
	// SidebarPages are the features in the user's sidebar, deprecated in favour of custom
	// roles. Without them (nil) a new user gets every feature.
	SidebarPages []SidebarPage `json:"sidebar_pages" enum:"bulk_modification,diffusion,feedback_management,messages,posts,presence_analytics,review_analytics,review_invite,review_management" help:"deprecated: use custom roles"`
	// Lang is the language of the application.
	Lang Lang `json:"lang" enum:"fr,en,es,it,pt-br,de,ar,nl,pl,cs,ca,sk,pt,lv,ro,bg,hu"`
	// SSOOnly forbids the user to sign in at Partoo directly. It requires an
	// organisation with single sign-on and the key of an ORG_ADMIN or PROVIDER.
	SSOOnly *bool `json:"sso_only"`

	// OnCreate applies to a new user and never changes an existing one.
	OnCreate OnCreate
}

// OnCreate contains the fields that only apply to a new user.
type OnCreate struct {
	// Password has at least 8 characters, among them an upper-case letter, a lower-case
	// letter and a special character, neither letter nor digit (inference). Without one
	// Partoo generates it. It is ignored if an invitation is sent.
	Password rest.Secret `json:"password" check:"password" update:"-" help:"new users only"`
	// SendInvitation makes Partoo send an invitation by email immediately. nil is
	// false. An upsert that may have sent one does not create the user again.
	SendInvitation *bool `json:"send_invitation" update:"-" help:"new users only"`
	// Status is UserStatusInvited, with SendInvitation false, for a user who will be
	// invited later by [Client.InviteUser].
	Status UserStatus `json:"status" enum:"active,invited" update:"-" help:"new users only"`
}

// Validate makes the checks that UpsertUser makes before it sends a request. Its error is a
// *rest.Error that names every invalid field and matches rest.ErrInvalid.
func (u UserInput) Validate() error { return inputChecker.Err(provider, opUpsert, u) }

// Key identifies the user by the email: letter case and the Unicode normalisation form do
// not count. Use it with upsert.WithKey.
func (u UserInput) Key() string { return email.Key(u.Email) }

// createRequest returns the request that creates u.
func (u UserInput) createRequest() (r CreateUserRequest) {
	toCreate.Copy(&u, &r)
	return r
}

// updateRequest returns the request with all fields that an upsert may change.
func (u UserInput) updateRequest() (r UpdateUserRequest) {
	toUpdate.Copy(&u, &r)
	return r
}

// LogValue hides the password in slog output. A handler does not call it for inputs in
// a list or in another struct: log inputs one by one.
func (u UserInput) LogValue() slog.Value { return wrapper.LogValue(u) }

// Format hides the password in fmt output.
func (u UserInput) Format(f fmt.State, verb rune) { wrapper.Format(f, verb, u) }

// LogValue hides the password in slog output.
func (o OnCreate) LogValue() slog.Value { return wrapper.LogValue(o) }

// Format hides the password in fmt output.
func (o OnCreate) Format(f fmt.State, verb rune) { wrapper.Format(f, verb, o) }

// Derived from the tags of UserInput; see package fields.
var (
	inputChecker  = fields.NewChecker[UserInput, UserInput]()
	createChecker = fields.NewChecker[UserInput, CreateUserRequest]()
	updateChecker = fields.NewChecker[UserInput, UpdateUserRequest]()
	searchChecker = fields.NewChecker[searchFilters, SearchUsersParams]()

	updateNames = fields.UpdateNames[UserInput]()
	toCreate    = fields.NewMapping[UserInput, CreateUserRequest]()
	toUpdate    = fields.NewMapping[UserInput, UpdateUserRequest](updateNames...)
	compared    = fields.NewMapping[User, UpdateUserRequest](updateNames...)
	listed      = fields.NewMapping[User, User](updateNames...)
)

// searchFilters declares what is checked in SearchUsersParams.
type searchFilters struct {
	Email   string     `json:"email" check:"nonempty,email"`
	Query   string     `json:"query" check:"nonempty"`
	OrgID   int64      `json:"org_id" check:"positive"`
	Status  UserStatus `json:"status" enum:"active,invited"`
	Role    []Role     `json:"role" enum:"ORG_ADMIN,ORG_MANAGER,GROUP_MANAGER,BUSINESS_MANAGER,PUBLISHER,PROVIDER"`
	Page    int64      `json:"page" check:"positive"`
	PerPage int64      `json:"per_page" check:"positive,max=100"`
	OrderBy UserOrder  `json:"order_by" enum:"email,first_name,last_name,role,org_id,group_id,status,-email,-first_name,-last_name,-role,-org_id,-group_id,-status"`
}

// changedFields returns the fields of want that must be sent for the user have: those with
// another value and those whose value is unknown, without the lists that Partoo ignores
// for the role.
func changedFields(want UpdateUserRequest, have User) UpdateUserRequest {
	before := wrapper.Deref(have.Role)
	after := before
	if want.Role != nil {
		after = *want.Role
	}
	if ignoredForRole(after, RoleBusinessManager) {
		want.BusinessIDs = nil
	}
	if ignoredForRole(after, RoleGroupManager) {
		want.Accesses = nil
	}
	if ignoredForRole(before, RoleBusinessManager) {
		have.BusinessIDs = nil // unknown
	}
	if ignoredForRole(before, RoleGroupManager) {
		have.Accesses = nil
	}
	compared.ClearEqual(&have, &want)
	return want
}

// ignoredForRole reports whether Partoo ignores a list in requests, and shows an empty
// one in responses, because it is for users of another role. It is false for an
// unknown role.
func ignoredForRole(role, only Role) bool { return role != "" && role != only }
