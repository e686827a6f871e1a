package partootest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
)

// roleProvider is a role that only reading knows.
const roleProvider gen.Role = "PROVIDER"

func (s *Server) getUser(r *http.Request) (any, *errorResponse) {
	user := s.byID(r.PathValue("id"))
	if !s.canSee(user) {
		return nil, notFound()
	}
	return toJSON(*user, true), nil
}

func (s *Server) getMyUser(r *http.Request) (any, *errorResponse) {
	q := query{values: r.URL.Query(), complaints: fieldErrors{}}
	businessIDs := q.boolean("display_business_ids")
	if len(q.complaints) > 0 {
		return nil, invalid(q.complaints)
	}
	return toJSON(s.keyOwner, businessIDs == nil || *businessIDs), nil
}

type page struct {
	Page    int        `json:"page"`
	MaxPage int        `json:"max_page"`
	Count   int        `json:"count"`
	Users   []userJSON `json:"users"`
}

// searchUsers finds disabled users too unless asked not to: what Partoo does with
// them is not documented. business_ids are shown unless display_business_ids is
// false, as an older copy of the vendor's page has it.
func (s *Server) searchUsers(r *http.Request) (any, *errorResponse) {
	q := query{values: r.URL.Query(), complaints: fieldErrors{}}
	f := q.filter()
	if len(q.complaints) > 0 {
		return nil, invalid(q.complaints)
	}
	var found []gen.User
	look := func(user *gen.User) {
		if s.canSee(user) && f.matches(user, s.isProviderKey()) {
			found = append(found, *user)
		}
	}
	look(&s.keyOwner)
	for i := range s.users { // large ones: not copied
		look(&s.users[i])
	}
	f.sort(found)
	last := max(1, (len(found)+f.perPage-1)/f.perPage)
	answer := page{Page: f.page, MaxPage: last, Count: len(found), Users: []userJSON{}}
	if f.page > last {
		return answer, nil
	}
	from := (f.page - 1) * f.perPage
	for _, user := range found[from:min(len(found), from+f.perPage)] {
		answer.Users = append(answer.Users, toJSON(user, f.businessIDs == nil || *f.businessIDs))
	}
	return answer, nil
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

func (f filter) matches(user *gen.User, provider bool) bool {
	switch {
	case f.email != "" && !strings.EqualFold(f.email, user.Email),
		// The vendor's search is fuzzy; this one wants the text in one piece.
		f.text != "" && !f.inTextOf(user),
		// Only a PROVIDER may choose; for others it is their own anyway.
		provider && f.orgID != nil && int64(*f.orgID) != *user.OrgID,
		f.status != "" && f.status != string(*user.Status),
		len(f.roles) > 0 && !slices.Contains(f.roles, string(*user.Role)),
		f.disabled != nil && *f.disabled != *user.Disabled:
		return false
	}
	return true
}

func (f filter) inTextOf(user *gen.User) bool {
	text := strings.ToLower(*user.FirstName + " " + *user.LastName + " " + user.Email)
	return strings.Contains(text, strings.ToLower(f.text))
}

func (f filter) sort(users []gen.User) {
	key := func(user gen.User) string {
		switch f.order {
		case "email":
			return user.Email
		case "first_name":
			return *user.FirstName
		case "last_name":
			return *user.LastName
		case "role":
			return string(*user.Role)
		case "status":
			return string(*user.Status)
		}
		return ""
	}
	slices.SortStableFunc(users, func(a, b gen.User) int {
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
