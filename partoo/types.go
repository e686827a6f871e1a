package partoo

import gen "github.com/usersync/usersync/gen/partoo"

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
