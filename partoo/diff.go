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

// changedFields is what of want is to be sent for the user have: all but what have
// is known to look like already and what Partoo ignores for the role. What the
// answer does not carry is unknown and stays in. The zero request means that
// there is nothing to send.
func changedFields(want UpdateUserRequest, have User) UpdateUserRequest {
	before := roleOrEmpty(have.Role)
	after := before
	if want.Role != nil {
		after = *want.Role
	}
	clearIf(&want.BusinessIDs, ignoredForRole(after, RoleBusinessManager) ||
		!ignoredForRole(before, RoleBusinessManager) && equalSets(want.BusinessIDs, have.BusinessIDs, businessKey))
	clearIf(&want.Accesses, ignoredForRole(after, RoleGroupManager) ||
		!ignoredForRole(before, RoleGroupManager) && equalSets(want.Accesses, have.Accesses, accessKey))
	clearIf(&want.SidebarPages, equalSets(want.SidebarPages, have.SidebarPages, pageKey))
	clearIf(&want.FirstName, equalKnown(want.FirstName, have.FirstName))
	clearIf(&want.LastName, equalKnown(want.LastName, have.LastName))
	clearIf(&want.OrgID, equalKnown(want.OrgID, have.OrgID))
	clearIf(&want.Role, equalKnown(want.Role, have.Role))
	clearIf(&want.CustomRole, equalKnown(want.CustomRole, have.CustomRole))
	clearIf(&want.Lang, equalKnown(want.Lang, have.Lang))
	clearIf(&want.SSOOnly, equalKnown(want.SSOOnly, have.SSOOnly))
	return want
}

// ignoredForRole reports whether Partoo ignores a list that is for users of the role
// only, in requests, and shows nothing of use for it, in answers. An unknown
// role is given the benefit of the doubt.
func ignoredForRole(role, only Role) bool { return role != "" && role != only }

func roleOrEmpty(role *Role) Role {
	if role == nil {
		return ""
	}
	return *role
}

func clearIf[T any](field **T, when bool) {
	if when {
		*field = nil
	}
}

// equalKnown reports whether both values are known and equal.
func equalKnown[T comparable](want, have *T) bool {
	return want != nil && have != nil && *want == *have
}

// equalSets reports whether both lists are known and hold the same, whatever the
// order and however often.
func equalSets[T any](want *[]T, have []T, key func(T) string) bool {
	return want != nil && have != nil && slices.Equal(sortedKeys(*want, key), sortedKeys(have, key))
}

func sortedKeys[T any](list []T, key func(T) string) []string {
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
