package partootest

import (
	"net/http"
	"strings"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/partoo"
)

// inviteInterval is the minimum time between two invitations of a user (vendor page
// "Invite user").
const inviteInterval = 5 * time.Minute

// serve passes a request on if it has the key and fits the quota.
func (s *Server) serve(r *http.Request, methods handlers) *fake.Response {
	handle := methods[strings.Replace(r.Method, "HEAD", "GET", 1)]
	switch {
	case r.Header.Get(keyHeader) != Key:
		return failure(http.StatusUnauthorized, "authentication", "User not authenticated")
	case s.limiter.Allow().RetryAfter > 0:
		return &fake.Response{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"60"}}}
	case handle == nil:
		return notFound()
	}
	return handle(r)
}

// failure is an error response. The formats of 401, 403 and 400 are those of vendor page
// "Create user"; those of 404 and 415, with a text instead of an object, are those of the
// vendor's guide to errors.
func failure(status int, kind string, problem any) *fake.Response {
	return &fake.Response{Status: status, Body: map[string]any{"errors": map[string]any{kind: problem}}}
}

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

// updateUser changes the fields that are sent and no others (vendor page "Update
// user").
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
