package partoo

import gen "github.com/usersync/usersync/gen/partoo"

// Requests and responses. Optional fields are pointers: nil is not sent. In a
// request, a pointer to an empty list is sent as [].
type (
	// User is a user in Partoo's responses (vendor page "User information").
	User = gen.User
	// CreateUserRequest is the input of [Client.CreateUser].
	CreateUserRequest = gen.CreateUserRequest
	// UpdateUserRequest is the input of [Client.UpdateUser].
	UpdateUserRequest = gen.UpdateUserRequest
	// SearchUsersParams are the filters of [Client.SearchUsers].
	SearchUsersParams = gen.SearchUsersParams
)

// The enums. Responses may contain values without a constant here: Partoo has added
// some before.
type (
	// Role decides what a user may do.
	Role = gen.Role
	// UserStatus is active, or invited until the user accepts the invitation.
	UserStatus = gen.UserStatus
	// Lang is the language of the application.
	Lang = gen.Lang
	// SidebarPage is a feature in the sidebar.
	SidebarPage = gen.SidebarPage
	// UserOrder is the order of a search.
	UserOrder = gen.UserOrder
)

// The roles (vendor page "Create user").
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

// The languages.
const (
	LangFr   = gen.LangFr
	LangEn   = gen.LangEn
	LangEs   = gen.LangEs
	LangIt   = gen.LangIt
	LangPtBr = gen.LangPtBr
	LangDe   = gen.LangDe
	LangAr   = gen.LangAr
	LangNl   = gen.LangNl
	LangPl   = gen.LangPl
	LangCs   = gen.LangCs
	LangCa   = gen.LangCa
	LangSk   = gen.LangSk
	LangPt   = gen.LangPt
	LangLv   = gen.LangLv
	LangRo   = gen.LangRo
	LangBg   = gen.LangBg
	LangHu   = gen.LangHu
)

// The pages of the sidebar. The vendor has deprecated them in favour of custom roles.
const (
	SidebarPageBulkModification   = gen.SidebarPageBulkModification
	SidebarPageDiffusion          = gen.SidebarPageDiffusion
	SidebarPageFeedbackManagement = gen.SidebarPageFeedbackManagement
	SidebarPageMessages           = gen.SidebarPageMessages
	SidebarPagePosts              = gen.SidebarPagePosts
	SidebarPagePresenceAnalytics  = gen.SidebarPagePresenceAnalytics
	SidebarPageReviewAnalytics    = gen.SidebarPageReviewAnalytics
	SidebarPageReviewInvite       = gen.SidebarPageReviewInvite
	SidebarPageReviewManagement   = gen.SidebarPageReviewManagement
)

// The orders of a search (vendor page "Search for users").
const (
	UserOrderEmail               = gen.UserOrderEmail
	UserOrderEmailDescending     = gen.UserOrderEmailDescending
	UserOrderFirstName           = gen.UserOrderFirstName
	UserOrderFirstNameDescending = gen.UserOrderFirstNameDescending
	UserOrderLastName            = gen.UserOrderLastName
	UserOrderLastNameDescending  = gen.UserOrderLastNameDescending
	UserOrderRole                = gen.UserOrderRole
	UserOrderRoleDescending      = gen.UserOrderRoleDescending
	UserOrderOrgID               = gen.UserOrderOrgID
	UserOrderOrgIDDescending     = gen.UserOrderOrgIDDescending
	UserOrderGroupID             = gen.UserOrderGroupID
	UserOrderGroupIDDescending   = gen.UserOrderGroupIDDescending
	UserOrderStatus              = gen.UserOrderStatus
	UserOrderStatusDescending    = gen.UserOrderStatusDescending
)
