package partoo

import (
	"fmt"
	"slices"
)

// updateRequest is u as an existing user: everything an upsert may change. The
// address is left out, because the user was found by it, and so is what counts
// for new users alone.
func (u UserInput) updateRequest() UpdateUserRequest {
	r := u.createRequest()
	return UpdateUserRequest{
		FirstName:    &r.FirstName,
		LastName:     &r.LastName,
		OrgID:        r.OrgID,
		Role:         r.Role,
		CustomRole:   r.CustomRole,
		Accesses:     r.Accesses,
		BusinessIDs:  r.BusinessIDs,
		SidebarPages: r.SidebarPages,
		Lang:         r.Lang,
		SSOOnly:      r.SSOOnly,
	}
}

// difference is what of want is to be sent for the user have: all but what have
// is known to look like already and what Partoo ignores for the role. What the
// answer does not carry is unknown and stays in. The zero request means that
// there is nothing to send.
func difference(want UpdateUserRequest, have User) UpdateUserRequest {
	before := roleOf(have.Role)
	after := before
	if want.Role != nil {
		after = *want.Role
	}
	drop(&want.BusinessIDs, ignored(after, RoleBusinessManager) ||
		!ignored(before, RoleBusinessManager) && sameSet(want.BusinessIDs, have.BusinessIDs, businessKey))
	drop(&want.Accesses, ignored(after, RoleGroupManager) ||
		!ignored(before, RoleGroupManager) && sameSet(want.Accesses, have.Accesses, accessKey))
	drop(&want.SidebarPages, sameSet(want.SidebarPages, have.SidebarPages, pageKey))
	drop(&want.FirstName, same(want.FirstName, have.FirstName))
	drop(&want.LastName, same(want.LastName, have.LastName))
	drop(&want.OrgID, same(want.OrgID, have.OrgID))
	drop(&want.Role, same(want.Role, have.Role))
	drop(&want.CustomRole, same(want.CustomRole, have.CustomRole))
	drop(&want.Lang, same(want.Lang, have.Lang))
	drop(&want.SSOOnly, same(want.SSOOnly, have.SSOOnly))
	return want
}

// ignored reports whether Partoo ignores a list that is for users of the role
// only, in requests, and shows nothing of use for it, in answers. An unknown
// role is given the benefit of the doubt.
func ignored(role, only Role) bool { return role != "" && role != only }

func roleOf(role *Role) Role {
	if role == nil {
		return ""
	}
	return *role
}

func drop[T any](field **T, when bool) {
	if when {
		*field = nil
	}
}

// same reports whether both values are known and equal.
func same[T comparable](want, have *T) bool {
	return want != nil && have != nil && *want == *have
}

// sameSet reports whether both lists are known and hold the same, whatever the
// order and however often.
func sameSet[T any](want *[]T, have []T, key func(T) string) bool {
	return want != nil && have != nil && slices.Equal(set(*want, key), set(have, key))
}

func set[T any](list []T, key func(T) string) []string {
	keys := make([]string, 0, len(list))
	for _, element := range list {
		keys = append(keys, key(element))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func businessKey(id string) string    { return id }
func pageKey(page SidebarPage) string { return string(page) }
func accessKey(groups []int64) string {
	return fmt.Sprint(slices.Compact(slices.Sorted(slices.Values(groups))))
}
