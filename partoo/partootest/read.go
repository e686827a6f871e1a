package partootest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/partoo"
)

func (s *Server) getUser(r *http.Request) (any, *errorResponse) {
	user := s.byID(r.PathValue("id"))
	if !s.canSee(user) {
		return nil, notFound()
	}
	return user.toJSON(true), nil
}

func (s *Server) getMyUser(r *http.Request) (any, *errorResponse) {
	q := query{r.URL.Query(), fieldErrors{}}
	businessIDs := q.boolean("display_business_ids")
	if len(q.problems) > 0 {
		return nil, invalid(q.problems)
	}
	return s.keyOwner.toJSON(businessIDs == nil || *businessIDs), nil
}

type page struct {
	Page    int        `json:"page"`
	MaxPage int        `json:"max_page"`
	Count   int        `json:"count"`
	Users   []gen.User `json:"users"`
}

// searchUsers also finds disabled users, unless a filter excludes them: Partoo's
// behaviour is not documented. Responses contain business_ids unless
// display_business_ids is false, as in an older copy of the vendor's page.
func (s *Server) searchUsers(r *http.Request) (any, *errorResponse) {
	q := query{r.URL.Query(), fieldErrors{}}
	f := q.filter()
	if len(q.problems) > 0 {
		return nil, invalid(q.problems)
	}
	var matches []*record
	for _, user := range append([]*record{s.keyOwner}, s.users...) {
		if s.canSee(user) && f.matches(user, s.isProviderKey()) {
			matches = append(matches, user)
		}
	}
	f.sort(matches)
	last := max(1, (len(matches)+f.perPage-1)/f.perPage)
	result := page{Page: f.page, MaxPage: last, Count: len(matches), Users: []gen.User{}}
	from := min(len(matches), (min(f.page, last+1)-1)*f.perPage)
	for _, user := range matches[from:min(len(matches), from+f.perPage)] {
		result.Users = append(result.Users, user.toJSON(f.businessIDs == nil || *f.businessIDs))
	}
	return result, nil
}

type filter struct {
	email, text   string
	orgID         *int
	status        string
	roles         []string
	disabled      *bool
	businessIDs   *bool
	page, perPage int
	order         string
	descending    bool
}

func (f filter) matches(user *record, isProvider bool) bool {
	switch {
	case f.email != "" && !email.Equal(f.email, user.Email),
		// The vendor's search is fuzzy; this one requires the whole text.
		f.text != "" && !f.inTextOf(user),
		// Only a PROVIDER key may choose; other keys see their own organisation only.
		isProvider && f.orgID != nil && int64(*f.orgID) != *user.OrgID,
		f.status != "" && f.status != string(user.OnCreate.Status),
		len(f.roles) > 0 && !slices.Contains(f.roles, string(user.Role)),
		f.disabled != nil && *f.disabled != user.Disabled:
		return false
	}
	return true
}

func (f filter) inTextOf(user *record) bool {
	text := strings.ToLower(user.FirstName + " " + user.LastName + " " + user.Email)
	return strings.Contains(text, strings.ToLower(f.text))
}

func (f filter) sort(users []*record) {
	key := func(user *record) string {
		switch f.order {
		case "email":
			return user.Email
		case "first_name":
			return user.FirstName
		case "last_name":
			return user.LastName
		case "role":
			return string(user.Role)
		case "status":
			return string(user.OnCreate.Status)
		}
		return ""
	}
	slices.SortStableFunc(users, func(a, b *record) int {
		order := cmp.Compare(key(a), key(b))
		if f.order == "org_id" {
			order = cmp.Compare(*a.OrgID, *b.OrgID)
		}
		if f.descending {
			return -order
		}
		return order
	})
}

// canSee reports whether the key sees the user.
func (s *Server) canSee(user *record) bool {
	return user != nil && (s.isProviderKey() || *user.OrgID == *s.keyOwner.OrgID)
}

func (s *Server) isProviderKey() bool { return s.keyOwner.Role == partoo.RoleProvider }

// canWrite reports whether the key may create, change or delete such a user.
func (s *Server) canWrite(user User) bool {
	switch s.keyOwner.Role {
	case partoo.RoleProvider, gen.RoleOrgAdmin, gen.RoleOrgManager:
		return true
	case gen.RoleGroupManager:
		return user.Role == gen.RoleBusinessManager
	}
	return false
}
