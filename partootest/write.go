package partootest

import (
	"net/http"
	"slices"
	"time"

	gen "github.com/usersync/usersync/gen/partoo"
)

// coolDown is how long a user gets no second invitation (vendor page "Invite
// user").
const coolDown = 5 * time.Minute

type written struct {
	ID     string `json:"id,omitempty"`
	Status string `json:"status"`
}

func success(id string) written { return written{ID: id, Status: "success"} }

func (s *Server) createUser(r *http.Request) (any, *refusal) {
	in, complaints, refused := read(r)
	if refused != nil {
		return nil, refused
	}
	in.Disabled = nil // for updates alone, and ignored as unknown fields are
	complaints.require(in)
	user := s.apply(gen.User{}, in, complaints)
	if len(complaints) > 0 {
		return nil, invalid(complaints)
	}
	user = complete(user)
	if !s.writable(user) {
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
func (s *Server) updateUser(r *http.Request) (any, *refusal) {
	user, refused := s.target(r)
	if refused != nil {
		return nil, refused
	}
	in, complaints, refused := read(r)
	if refused != nil {
		return nil, refused
	}
	changed := s.apply(*user, in, complaints)
	if len(complaints) > 0 {
		return nil, invalid(complaints)
	}
	changed = complete(changed)
	if user != &s.caller && !s.writable(changed) {
		return nil, forbidden()
	}
	*user = changed
	return success(user.ID), nil
}

func (s *Server) deleteUser(r *http.Request) (any, *refusal) {
	user, refused := s.target(r)
	switch {
	case refused != nil:
		return nil, refused
	case user == &s.caller:
		return nil, forbidden() // inference
	}
	id := user.ID
	s.users = slices.DeleteFunc(s.users, func(u gen.User) bool { return u.ID == id })
	return success(id), nil
}

// inviteUser refuses a second invitation within the cool-down with 429 and no
// Retry-After. How Partoo refuses it is not documented: this is what is likest to
// a rate limit, and hardest on a client.
func (s *Server) inviteUser(r *http.Request) (any, *refusal) {
	user, refused := s.target(r)
	if refused != nil {
		return nil, refused
	}
	if last, ok := s.invited[user.ID]; ok && time.Since(last) < coolDown {
		return nil, &refusal{status: http.StatusTooManyRequests, errors: map[string]any{"json": "An invitation was sent less than 5 minutes ago"}}
	}
	s.invite(*user)
	return success(""), nil
}

func (s *Server) invite(user gen.User) {
	s.invited[user.ID] = time.Now()
	s.invitations = append(s.invitations, user.Email)
}

// target returns the user in the path, who must be there and writable.
func (s *Server) target(r *http.Request) (*gen.User, *refusal) {
	user := s.byID(r.PathValue("id"))
	switch {
	case !s.visible(user):
		return nil, notFound()
	case user == &s.caller && *user.Role == gen.RolePublisher, user != &s.caller && !s.writable(*user):
		return nil, forbidden()
	}
	return user, nil
}

// apply writes what in holds over a user. Fields that only some may set, or that
// only count for some role, are ignored for others, as vendor page "Create user"
// says.
func (s *Server) apply(user gen.User, in input, complaints complaints) gen.User {
	user = clone(user)
	if in.Email != nil {
		if taken := s.byEmail(*in.Email); taken != nil && taken.ID != user.ID {
			complaints.add("email", "This email is already used")
		}
		user.Email = *in.Email
	}
	if !s.provider() {
		in.OrgID = nil
	}
	set(&user.FirstName, in.FirstName)
	set(&user.LastName, in.LastName)
	set(&user.OrgID, in.OrgID)
	set(&user.Role, in.Role)
	set(&user.CustomRole, in.CustomRole)
	set(&user.Lang, in.Lang)
	set(&user.SSOOnly, in.SSOOnly)
	set(&user.Status, in.Status)
	set(&user.Disabled, in.Disabled)
	setList(&user.Accesses, in.Accesses)
	setList(&user.BusinessIDs, in.BusinessIDs)
	setList(&user.SidebarPages, in.SidebarPages)
	return user
}

func set[T any](field **T, value *T) {
	if value != nil {
		*field = value
	}
}

func setList[T any](field *[]T, value *[]T) {
	if value != nil {
		*field = *value
	}
}
