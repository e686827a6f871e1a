package partootest

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/partoo"
)

// query contains the parameters of a request. The errors for invalid ones are inference.
type query struct {
	values   url.Values
	problems fieldErrors
}

func newQuery(r *http.Request) query { return query{r.URL.Query(), fieldErrors{}} }

func (q query) has(name string) bool { return q.values.Get(name) != "" }

func parse[T any](q query, name string, omitted T, parse func(string) (T, error)) T {
	if !q.has(name) {
		return omitted
	}
	value, err := parse(q.values.Get(name))
	q.problems.add(err != nil, name, notValue)
	return value
}

func (q query) displayBusinessIDs() bool {
	return parse(q, "display_business_ids", true, strconv.ParseBool)
}

func (s *Server) getMyUser(r *http.Request) *fake.Response {
	q := newQuery(r)
	businessIDs := q.displayBusinessIDs()
	if len(q.problems) > 0 {
		return invalid(q.problems)
	}
	return fake.OK(toJSON(s.keyOwner, businessIDs))
}

// searchUsers also finds disabled users, unless a filter excludes them: Partoo's
// behaviour is not documented. Responses contain business_ids unless
// display_business_ids is false, as in an older copy of the vendor's page.
func (s *Server) searchUsers(r *http.Request) *fake.Response {
	q := newQuery(r)
	matches, businessIDs := s.matches(q), q.displayBusinessIDs()
	page, perPage := max(1, parse(q, "page", 1, strconv.Atoi)), parse(q, "per_page", 30, strconv.Atoi)
	q.problems.add(perPage < 1 || perPage > 100, "per_page", "Must be 1 to 100")
	order, descending := strings.CutPrefix(q.values.Get("order_by"), "-")
	q.problems.add(order != "" && !gen.UserOrder(order).Valid(), "order_by", notChoice)
	if len(q.problems) > 0 {
		return invalid(q.problems)
	}
	slices.SortStableFunc(matches, func(a, b *record) int {
		if descending {
			a, b = b, a
		}
		return strings.Compare(sortKey(a.User, order), sortKey(b.User, order))
	})
	last := max(1, (len(matches)+perPage-1)/perPage)
	result := struct {
		Page    int        `json:"page"`
		MaxPage int        `json:"max_page"`
		Count   int        `json:"count"`
		Users   []gen.User `json:"users"`
	}{page, last, len(matches), []gen.User{}}
	from := min(len(matches), (min(page, last+1)-1)*perPage)
	for _, user := range matches[from:min(len(matches), from+perPage)] {
		result.Users = append(result.Users, toJSON(user, businessIDs))
	}
	return fake.OK(result)
}

// matches returns the users that pass the filters.
func (s *Server) matches(q query) (matches []*record) {
	status, roles, text := q.values.Get("status"), strings.Split(q.values.Get("role"), ","), strings.ToLower(q.values.Get("query"))
	q.problems.add(q.has("status") && !gen.UserStatus(status).Valid(), "status", notChoice)
	for _, role := range roles {
		q.problems.add(q.has("role") && !gen.Role(role).Valid() && gen.Role(role) != partoo.RoleProvider, "role", notChoice)
	}
	orgID, disabled := parse(q, "org_id", 0, strconv.Atoi), parse(q, "disabled", false, strconv.ParseBool)
	candidates := s.users.Records
	if q.has("email") {
		candidates = s.users.FindAll(emailKey(q.values.Get("email")))
	}
	for _, r := range candidates {
		user := r.User
		switch {
		case !s.canSee(r),
			// The vendor's search is fuzzy; this one requires the whole text.
			text != "" && !strings.Contains(strings.ToLower(user.FirstName+" "+user.LastName+" "+user.Email), text),
			// Only a PROVIDER key may choose; other keys see their own organisation only.
			s.isProviderKey() && q.has("org_id") && int64(orgID) != *user.OrgID,
			status != "" && status != string(user.OnCreate.Status),
			q.has("role") && !slices.Contains(roles, string(user.Role)),
			q.has("disabled") && disabled != user.Disabled:
		default:
			matches = append(matches, r)
		}
	}
	return matches
}

// sortKey returns the field by which users are sorted, as a text. Users have no group_id.
func sortKey(user User, order string) string {
	f, known := userFields[order]
	if !known {
		return ""
	}
	value := reflect.Indirect(f.Of(&user))
	if value.CanInt() {
		return fmt.Sprintf("%020d", value.Int())
	}
	return value.String()
}
