package identifaitest

import (
	"fmt"
	"net/http"

	"github.com/usersync/usersync/internal/fake"
)

// createOrUpdateUser serves vendor page "Create or update user".
func (s *Server) createOrUpdateUser(r *http.Request) *fake.Response {
	f := newForm(r.MultipartForm.Value)
	user := s.readUser(f)
	var current *fake.Record[User]
	if user.ID != nil && f.errors["id"] == nil {
		if current = s.users.Find(idKey(*user.ID)); current == nil {
			f.fail("id", isInvalid)
		}
	}
	if other := s.users.Find(emailKey(user.Email)); other != nil && other != current && (current == nil || current.User.Email != user.Email) {
		f.fail("email", alreadyTaken)
	}
	switch {
	case len(f.errors) > 0:
		return s.invalid(f)
	case current == nil:
		return &fake.Response{Status: s.createdStatus, Body: s.data(toJSON(s.users.Add(user)))}
	}
	s.users.Update(current, merge(current.User, user))
	return fake.OK(s.data(toJSON(current)))
}

// sendCreationEmail serves vendor page "Send creation email".
func (s *Server) sendCreationEmail(r *http.Request) *fake.Response {
	f := newForm(r.MultipartForm.Value)
	id := f.integer("id", "")
	if f.value("id") == "" {
		f.fail("id", isRequired)
	}
	if len(f.errors) > 0 {
		return s.invalid(f)
	}
	user := s.users.Find(idKey(id))
	if user == nil {
		return errorMessage(http.StatusNotFound, nil, fmt.Sprintf(`No query results for model [App\Models\User] %d`, id))
	}
	s.mailed = append(s.mailed, id)
	return fake.OK(s.data(toJSON(user)))
}
