package partoo

import gen "github.com/usersync/usersync/gen/partoo"

// What the requests and answers are made of. Optional fields are pointers: nil
// is not sent, and in a request a pointer to an empty list is sent as [].
type (
	// User is a user as Partoo shows it (vendor page "User information").
	User = gen.User
	// CreateUserRequest is the input of [Client.CreateUser].
	CreateUserRequest = gen.CreateUserRequest
	// UpdateUserRequest is the input of [Client.UpdateUser].
	UpdateUserRequest = gen.UpdateUserRequest
	// SearchUsersParams are the filters of [Client.SearchUsers].
	SearchUsersParams = gen.SearchUsersParams
)

// The enums. Answers may hold values without a constant here: Partoo has added
// some before.
type (
	// Role is what a user may do.
	Role = gen.Role
	// UserStatus tells whether a user has joined.
	UserStatus = gen.UserStatus
	// Lang is the language Partoo speaks to a user.
	Lang = gen.Lang
	// SidebarPage is a feature in the sidebar.
	SidebarPage = gen.SidebarPage
	// UserOrder sorts a search.
	UserOrder = gen.UserOrder
)

// The roles (vendor page "Create user").
const (
	RoleOrgAdmin        = gen.RoleOrgAdmin
	RoleOrgManager      = gen.RoleOrgManager
	RoleGroupManager    = gen.RoleGroupManager
	RoleBusinessManager = gen.RoleBusinessManager
	RolePublisher       = gen.RolePublisher
	// RoleProvider stands in answers and searches alone: no request may give it.
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

// The pages of the sidebar, which custom roles have superseded.
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

func roles() []Role {
	return []Role{RoleOrgAdmin, RoleOrgManager, RoleGroupManager, RoleBusinessManager, RolePublisher}
}

func statuses() []UserStatus { return []UserStatus{UserStatusActive, UserStatusInvited} }

func langs() []Lang {
	return []Lang{
		LangFr, LangEn, LangEs, LangIt, LangPtBr, LangDe, LangAr, LangNl, LangPl,
		LangCs, LangCa, LangSk, LangPt, LangLv, LangRo, LangBg, LangHu,
	}
}

func sidebarPages() []SidebarPage {
	return []SidebarPage{
		SidebarPageBulkModification, SidebarPageDiffusion, SidebarPageFeedbackManagement,
		SidebarPageMessages, SidebarPagePosts, SidebarPagePresenceAnalytics,
		SidebarPageReviewAnalytics, SidebarPageReviewInvite, SidebarPageReviewManagement,
	}
}

func orders() []UserOrder {
	return []UserOrder{
		UserOrderEmail, UserOrderFirstName, UserOrderLastName, UserOrderRole,
		UserOrderOrgID, UserOrderGroupID, UserOrderStatus,
		UserOrderEmailDescending, UserOrderFirstNameDescending, UserOrderLastNameDescending, UserOrderRoleDescending,
		UserOrderOrgIDDescending, UserOrderGroupIDDescending, UserOrderStatusDescending,
	}
}
