package partoo

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

// checkCreate checks a new user. Every field but send_invitation, which needs no
// check, is one that an update has too.
func checkCreate(operation string, r CreateUserRequest) error {
	var p check.Problems
	checkFields(&p, UpdateUserRequest{
		Email:        &r.Email,
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
		Password:     r.Password,
		Status:       r.Status,
	})
	return p.Err(provider, operation)
}

func checkUpdate(operation, id string, r UpdateUserRequest) error {
	var p check.Problems
	p.PathID("user_id", id)
	checkFields(&p, r)
	return p.Err(provider, operation)
}

func checkID(operation, id string) error {
	var p check.Problems
	p.PathID("user_id", id)
	return p.Err(provider, operation)
}

// checkFields checks the fields that are set.
func checkFields(p *check.Problems, r UpdateUserRequest) {
	checkText(p, "email", r.Email)
	if r.Email != nil {
		p.Email("email", *r.Email)
	}
	checkText(p, "first_name", r.FirstName)
	checkText(p, "last_name", r.LastName)
	checkText(p, "custom_role", r.CustomRole)
	if r.OrgID != nil {
		p.Positive("org_id", *r.OrgID)
	}
	checkEnum(p, "role", r.Role, roles())
	checkEnum(p, "status", r.Status, statuses())
	checkEnum(p, "lang", r.Lang, langs())
	checkAccesses(p, r.Accesses)
	checkBusinessIDs(p, r.BusinessIDs)
	checkSidebarPages(p, r.SidebarPages)
	checkPassword(p, r.Password)
}

func checkText(p *check.Problems, field string, value *string) {
	if value != nil {
		p.Required(field, *value)
	}
}

func checkEnum[T ~string](p *check.Problems, field string, value *T, allowed []T) {
	if value == nil {
		return
	}
	p.Required(field, string(*value))
	check.OneOf(p, field, *value, allowed...)
}

// checkAccesses refuses nil lists, which would travel as null, and sets without
// a group: what those would give access to is written nowhere.
func checkAccesses(p *check.Problems, accesses *[][]int64) {
	checkNilSlice(p, "accesses", accesses)
	for _, groups := range deref(accesses) {
		if len(groups) == 0 {
			p.Add("accesses", "must not hold an empty list of groups")
			return
		}
		for _, id := range groups {
			if id <= 0 {
				p.Add("accesses", "must hold ids of groups, more than 0 each")
				return
			}
		}
	}
}

func checkBusinessIDs(p *check.Problems, ids *[]string) {
	checkNilSlice(p, "business_ids", ids)
	for _, id := range deref(ids) {
		if strings.TrimSpace(id) == "" {
			p.Add("business_ids", "must not hold an empty id")
			return
		}
		p.Text("business_ids", id)
	}
}

func checkSidebarPages(p *check.Problems, pages *[]SidebarPage) {
	checkNilSlice(p, "sidebar_pages", pages)
	for _, page := range deref(pages) {
		if !page.Valid() {
			checkEnum(p, "sidebar_pages", &page, sidebarPages())
			return
		}
	}
}

// checkNilSlice refuses a pointer to a nil slice, which would travel as null.
func checkNilSlice[T any](p *check.Problems, field string, list *[]T) {
	if list != nil && *list == nil {
		p.Add(field, "must not be a nil list: use an empty one, or leave it out")
	}
}

func deref[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}

// minPassword is the least length of a password in characters (vendor page
// "Create user").
const minPassword = 8

// checkPassword applies the rules of vendor page "Create user". What a special
// character is stands nowhere: here it is what is neither letter nor digit.
func checkPassword(p *check.Problems, password *rest.Secret) {
	if password == nil {
		return
	}
	const field = "password"
	text := string(*password)
	special := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	p.Text(field, text)
	if utf8.RuneCountInString(text) < minPassword {
		p.Add(field, "must have at least 8 characters")
	}
	if !strings.ContainsFunc(text, unicode.IsUpper) {
		p.Add(field, "must have an upper-case letter")
	}
	if !strings.ContainsFunc(text, unicode.IsLower) {
		p.Add(field, "must have a lower-case letter")
	}
	if !strings.ContainsFunc(text, special) {
		p.Add(field, "must have a special character, neither letter nor digit")
	}
}
