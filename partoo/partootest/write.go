package partootest

import (
	"net/http"
	"slices"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/wrapper"
)

// inviteInterval is the minimum time between two invitations of a user (vendor page
// "Invite user").
const inviteInterval = 5 * time.Minute

type writeResult struct {
	ID     string `json:"id,omitempty"`
	Status string `json:"status"`
}

func success(id string) writeResult { return writeResult{ID: id, Status: "success"} }

func (s *Server) createUser(r *http.Request) (any, *errorResponse) {
	in, problems, failure := readInput(r)
	if failure != nil {
		return nil, failure
	}
	in.Disabled = nil // only for updates; ignored like an unknown field
	problems.requireCreateFields(in)
	user := s.apply(User{}, in, problems)
	if len(problems) > 0 {
		return nil, invalid(problems)
	}
	user = withDefaults(user)
	if !s.canWrite(user) {
		return nil, forbidden()
	}
	inviting := wrapper.Deref(in.SendInvitation)
	if inviting {
		user.OnCreate.Status = gen.UserStatusInvited
	}
	created := s.add(user)
	if inviting {
		s.invite(created)
	}
	return success(created.ID), nil
}

// updateUser changes the fields that are sent and no others (vendor page "Update
// user").
func (s *Server) updateUser(r *http.Request) (any, *errorResponse) {
	target, failure := s.targetUser(r)
	if failure != nil {
		return nil, failure
	}
	in, problems, failure := readInput(r)
	if failure != nil {
		return nil, failure
	}
	changed := s.apply(target.User, in, problems)
	if len(problems) > 0 {
		return nil, invalid(problems)
	}
	changed = withDefaults(changed)
	if target != s.keyOwner && !s.canWrite(changed) {
		return nil, forbidden()
	}
	target.User = changed
	return success(target.ID), nil
}

func (s *Server) deleteUser(r *http.Request) (any, *errorResponse) {
	target, failure := s.targetUser(r)
	switch {
	case failure != nil:
		return nil, failure
	case target == s.keyOwner:
		return nil, forbidden() // inference
	}
	s.users = slices.DeleteFunc(s.users, func(r *record) bool { return r == target })
	return success(target.ID), nil
}

// inviteUser rejects a second invitation within inviteInterval with 429 and without
// Retry-After. Partoo's error is not documented: this one resembles a rate limit and
// is the hardest for a client.
func (s *Server) inviteUser(r *http.Request) (any, *errorResponse) {
	target, failure := s.targetUser(r)
	if failure != nil {
		return nil, failure
	}
	if !target.invited.IsZero() && time.Since(target.invited) < inviteInterval {
		return nil, &errorResponse{status: http.StatusTooManyRequests, errors: map[string]any{"json": "An invitation was sent less than 5 minutes ago"}}
	}
	s.invite(target)
	return success(""), nil
}

func (s *Server) invite(user *record) {
	user.invited = time.Now()
	s.invitations = append(s.invitations, user.Email)
}

// targetUser returns the user in the path. The key must see it and may write it.
func (s *Server) targetUser(r *http.Request) (*record, *errorResponse) {
	user := s.byID(r.PathValue("id"))
	switch {
	case !s.canSee(user):
		return nil, notFound()
	case user == s.keyOwner && user.Role == gen.RolePublisher, user != s.keyOwner && !s.canWrite(user.User):
		return nil, forbidden()
	}
	return user, nil
}

// apply returns the user with the fields of in. Fields that the key may not set are
// ignored (vendor page "Create user").
func (s *Server) apply(user User, in input, problems fieldErrors) User {
	user = clone(user)
	if in.Email != nil {
		if taken := s.byEmail(*in.Email); taken != nil && taken.ID != user.ID {
			problems.add("email", "This email is already used")
		}
	}
	if !s.isProviderKey() {
		in.OrgID = nil
	}
	fromRequest.Copy(&in, &user)
	return user
}
