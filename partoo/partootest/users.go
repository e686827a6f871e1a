package partootest

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/partoo"
)

// inviteInterval is the time between two invitations of a user (vendor page "Invite user").
const inviteInterval = 5 * time.Minute

// serve passes a request on if it has the key and fits the quota.
func (s *Server) serve(r *http.Request, methods handlers) *fake.Response {
	if r.Header.Get(keyHeader) != Key {
		return failure(http.StatusUnauthorized, "authentication", "User not authenticated")
	}
	if _, _, wait := s.limiter.Allow(); wait > 0 {
		return &fake.Response{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"60"}}}
	}
	if handle := methods[strings.Replace(r.Method, "HEAD", "GET", 1)]; handle != nil {
		return handle(r)
	}
	return notFound()
}

// failure is an error response. The formats of 401, 403 and 400 are those of vendor page
// "Create user"; those of 404 and 415, with a text instead of an object, are those of the
// vendor's guide to errors.
func failure(status int, kind string, problem any) *fake.Response {
	return &fake.Response{Status: status, Body: map[string]any{"errors": map[string]any{kind: problem}}}
}

// invalid contains texts by field under "json", which is inference: the example of the
// vendor is an empty object.
func invalid(problem any) *fake.Response { return failure(http.StatusBadRequest, "json", problem) }

func notFound() *fake.Response { return failure(http.StatusNotFound, "json", "Resource not found") }

func forbidden() *fake.Response {
	return failure(http.StatusForbidden, "authorization", "Operation not allowed")
}

func success(id string) *fake.Response {
	return fake.OK(map[string]string{"id": id, "status": "success"})
}

func (s *Server) createUser(r *http.Request) *fake.Response {
	user, failed := s.readUser(r, User{})
	if failed != nil {
		return failed
	}
	invite := wrapper.Deref(user.OnCreate.SendInvitation)
	setDefaults(&user)
	if !s.canWrite(user) {
		return forbidden()
	}
	if invite {
		user.OnCreate.Status = gen.UserStatusInvited
	}
	created := s.users.Add(user)
	if invite {
		s.invite(created.User)
	}
	return success(created.User.ID)
}

func (s *Server) getUser(r *http.Request) *fake.Response {
	user := s.users.Find(idKey(r.PathValue("id")))
	if !s.canSee(user) {
		return notFound()
	}
	return fake.OK(toJSON(user, true))
}

// ofTarget passes the user in the path to handle. The key must see it and may write it.
func (s *Server) ofTarget(handle func(*http.Request, *record) *fake.Response) func(*http.Request) *fake.Response {
	return func(r *http.Request) *fake.Response {
		user := s.users.Find(idKey(r.PathValue("id")))
		switch {
		case !s.canSee(user):
			return notFound()
		case user == s.keyOwner && user.User.Role == gen.RolePublisher, user != s.keyOwner && !s.canWrite(user.User):
			return forbidden()
		}
		return handle(r, user)
	}
}

// updateUser changes only the fields that are sent (vendor page "Update user").
func (s *Server) updateUser(r *http.Request, target *record) *fake.Response {
	user, failed := s.readUser(r, target.User)
	if failed != nil {
		return failed
	}
	if setDefaults(&user); target != s.keyOwner && !s.canWrite(user) {
		return forbidden()
	}
	s.users.Update(target, user)
	return success(user.ID)
}

func (s *Server) deleteUser(_ *http.Request, target *record) *fake.Response {
	if target == s.keyOwner {
		return forbidden() // inference
	}
	s.users.Delete(target)
	return success(target.User.ID)
}

// inviteUser rejects a second invitation within inviteInterval with 429 and without
// Retry-After. Partoo's error is not documented: this one resembles a rate limit and
// is the hardest for a client.
func (s *Server) inviteUser(_ *http.Request, target *record) *fake.Response {
	if time.Since(s.invited[target.User.ID]) < inviteInterval {
		return failure(http.StatusTooManyRequests, "json", "An invitation was sent less than 5 minutes ago")
	}
	s.invite(target.User)
	return fake.OK(map[string]string{"status": "success"})
}

func (s *Server) invite(user User) {
	s.invited[user.ID] = time.Now()
	s.invitations = append(s.invitations, user.Email)
}

// canSee reports whether the key sees the user.
func (s *Server) canSee(user *record) bool {
	return user != nil && (s.isProviderKey() || *user.User.OrgID == *s.keyOwner.User.OrgID)
}

func (s *Server) isProviderKey() bool { return s.keyOwner.User.Role == partoo.RoleProvider }

// canWrite reports whether the key may create, change or delete such a user.
func (s *Server) canWrite(user User) bool {
	switch s.keyOwner.User.Role {
	case partoo.RoleProvider, gen.RoleOrgAdmin, gen.RoleOrgManager:
		return true
	case gen.RoleGroupManager:
		return user.Role == gen.RoleBusinessManager
	}
	return false
}

// query contains the parameters of a request. The errors for invalid ones are inference.
type query struct {
	values   url.Values
	problems fake.Problems
}

func (q query) has(name string) bool { return q.values.Get(name) != "" }

// parse returns the parameter of this name.
func parse[T any](q query, name string, omitted T, parse func(string) (T, error)) T {
	if !q.has(name) {
		return omitted
	}
	value, err := parse(q.values.Get(name))
	q.problems.Add(err != nil, name, notValue)
	return value
}

func (s *Server) getMyUser(r *http.Request) *fake.Response {
	q := query{r.URL.Query(), fake.Problems{}}
	businessIDs := parse(q, "display_business_ids", true, strconv.ParseBool)
	if len(q.problems) > 0 {
		return invalid(q.problems)
	}
	return fake.OK(toJSON(s.keyOwner, businessIDs))
}

// searchUsers also finds disabled users, unless a filter excludes them: Partoo's
// behaviour is not documented. Responses contain business_ids unless
// display_business_ids is false, as in an older copy of the vendor's page.
func (s *Server) searchUsers(r *http.Request) *fake.Response {
	q := query{r.URL.Query(), fake.Problems{}}
	matches, businessIDs := s.matches(q), parse(q, "display_business_ids", true, strconv.ParseBool)
	page, perPage := max(1, parse(q, "page", 1, strconv.Atoi)), parse(q, "per_page", 30, strconv.Atoi)
	q.problems.Add(perPage < 1 || perPage > 100, "per_page", "Must be 1 to 100")
	order, descending := strings.CutPrefix(q.values.Get("order_by"), "-")
	q.problems.Add(order != "" && !gen.UserOrder(order).Valid(), "order_by", notChoice)
	if len(q.problems) > 0 {
		return invalid(q.problems)
	}
	if f, known := userFields[order]; known { // users have no group_id
		slices.SortStableFunc(matches, func(a, b *record) int {
			if descending {
				a, b = b, a
			}
			return strings.Compare(sortKey(f, a.User), sortKey(f, b.User))
		})
	}
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
	q.problems.Add(q.has("status") && !gen.UserStatus(status).Valid(), "status", notChoice)
	for _, role := range roles {
		q.problems.Add(q.has("role") && !gen.Role(role).Valid() && gen.Role(role) != partoo.RoleProvider, "role", notChoice)
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

// sortKey returns the field by which users are sorted, as a text.
func sortKey(f fields.Field, user User) string {
	value := reflect.Indirect(f.Of(&user))
	if value.CanInt() {
		return fmt.Sprintf("%020d", value.Int())
	}
	return value.String()
}
