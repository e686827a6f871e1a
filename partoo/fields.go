package partoo

import (
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/wrapper"
)

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

func checkID(operation, id string) error {
	var p check.Problems
	p.PathID("user_id", id)
	return p.Err(provider, operation)
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
