package partootest

import (
	"net/http"
	"slices"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
)

// inviteInterval is how long a user gets no second invitation (vendor page "Invite
// user").
const inviteInterval = 5 * time.Minute

type writeResult struct {
	ID     string `json:"id,omitempty"`
	Status string `json:"status"`
}

func success(id string) writeResult { return writeResult{ID: id, Status: "success"} }

func (s *Server) createUser(r *http.Request) (any, *errorResponse) {
	in, complaints, refused := readInput(r)
	if refused != nil {
		return nil, refused
	}
	in.Disabled = nil // for updates alone, and ignored as unknown fields are
	complaints.requireCreateFields(in)
	user := s.apply(gen.User{}, in, complaints)
	if len(complaints) > 0 {
		return nil, invalid(complaints)
	}
	user = withDefaults(user)
	if !s.canWrite(user) {
		return nil, forbidden()
	}
	inviting := in.SendInvitation != nil && *in.SendInvitation
	if inviting {
		user.Status = new(gen.UserStatusInvited)
	}
	user = s.add(user)
	if inviting {
		s.invite(user)
	}
	return success(user.ID), nil
}

// updateUser changes what is sent and nothing else (vendor page "Update user").
func (s *Server) updateUser(r *http.Request) (any, *errorResponse) {
	user, refused := s.targetUser(r)
	if refused != nil {
		return nil, refused
	}
	in, complaints, refused := readInput(r)
	if refused != nil {
		return nil, refused
	}
	changed := s.apply(*user, in, complaints)
	if len(complaints) > 0 {
		return nil, invalid(complaints)
	}
	changed = withDefaults(changed)
	if user != &s.keyOwner && !s.canWrite(changed) {
		return nil, forbidden()
	}
	*user = changed
	return success(user.ID), nil
}

func (s *Server) deleteUser(r *http.Request) (any, *errorResponse) {
	user, refused := s.targetUser(r)
	switch {
	case refused != nil:
		return nil, refused
	case user == &s.keyOwner:
		return nil, forbidden() // inference
	}
	id := user.ID
	s.users = slices.DeleteFunc(s.users, func(u gen.User) bool { return u.ID == id })
	return success(id), nil
}

// inviteUser refuses a second invitation within the cool-down with 429 and no
// Retry-After. How Partoo refuses it is not documented: this is what is likest to
// a rate limit, and hardest on a client.
func (s *Server) inviteUser(r *http.Request) (any, *errorResponse) {
	user, refused := s.targetUser(r)
	if refused != nil {
		return nil, refused
	}
	if last, ok := s.invited[user.ID]; ok && time.Since(last) < inviteInterval {
		return nil, &errorResponse{status: http.StatusTooManyRequests, errors: map[string]any{"json": "An invitation was sent less than 5 minutes ago"}}
	}
	s.invite(*user)
	return success(""), nil
}

func (s *Server) invite(user gen.User) {
	s.invited[user.ID] = time.Now()
	s.invitations = append(s.invitations, user.Email)
}

// targetUser returns the user in the path, who must be there and writable.
func (s *Server) targetUser(r *http.Request) (*gen.User, *errorResponse) {
	user := s.byID(r.PathValue("id"))
	switch {
	case !s.canSee(user):
		return nil, notFound()
	case user == &s.keyOwner && *user.Role == gen.RolePublisher, user != &s.keyOwner && !s.canWrite(*user):
		return nil, forbidden()
	}
	return user, nil
}

// apply writes what in holds over a user. Fields that only some may set, or that
// only count for some role, are ignored for others, as vendor page "Create user"
// says.
func (s *Server) apply(user gen.User, in input, complaints fieldErrors) gen.User {
	user = clone(user)
	if in.Email != nil {
		if taken := s.byEmail(*in.Email); taken != nil && taken.ID != user.ID {
			complaints.add("email", "This email is already used")
		}
		user.Email = *in.Email
	}
	if !s.isProviderKey() {
		in.OrgID = nil
	}
	setField(&user.FirstName, in.FirstName)
	setField(&user.LastName, in.LastName)
	setField(&user.OrgID, in.OrgID)
	setField(&user.Role, in.Role)
	setField(&user.CustomRole, in.CustomRole)
	setField(&user.Lang, in.Lang)
	setField(&user.SSOOnly, in.SSOOnly)
	setField(&user.Status, in.Status)
	setField(&user.Disabled, in.Disabled)
	setList(&user.Accesses, in.Accesses)
	setList(&user.BusinessIDs, in.BusinessIDs)
	setList(&user.SidebarPages, in.SidebarPages)
	return user
}

func setField[T any](field **T, value *T) {
	if value != nil {
		*field = value
	}
}

func setList[T any](field *[]T, value *[]T) {
	if value != nil {
		*field = *value
	}
}
