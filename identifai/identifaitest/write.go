package identifaitest

import (
	"fmt"
	"net/http"
	"time"
)

// createOrUpdateUser serves vendor page "Create or update user".
func (s *Server) createOrUpdateUser(w http.ResponseWriter, r *http.Request) {
	f, ok := readForm(r)
	if !ok {
		writeJSON(w, http.StatusUnsupportedMediaType, errorMessage{"Unsupported Media Type"})
		return
	}
	status, body := s.store(f)
	if !s.writeValidationErrors(w, f) {
		writeJSON(w, status, body)
	}
}

// store writes a user, unless the form has errors.
func (s *Server) store(f *form) (status int, body any) {
	user := s.readUser(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	var current *record
	if user.ID != nil && len(f.errors["id"]) == 0 {
		if current = s.byID(*user.ID); current == nil {
			f.addError("id", "The selected id is invalid.")
		}
	}
	if other := s.byEmail(user.Email); other != nil && other != current && (current == nil || current.Email != user.Email) {
		f.addError("email", "The email has already been taken.")
	}
	switch {
	case len(f.errors) > 0:
		return 0, nil
	case current == nil:
		return s.createdStatus, s.wrapData(toJSON(s.add(user)))
	}
	current.User, current.updated = merge(current.User, user), time.Now()
	return http.StatusOK, s.wrapData(toJSON(current))
}

// sendCreationEmail serves vendor page "Send creation email".
func (s *Server) sendCreationEmail(w http.ResponseWriter, r *http.Request) {
	f, ok := readForm(r)
	if !ok {
		writeJSON(w, http.StatusUnsupportedMediaType, errorMessage{"Unsupported Media Type"})
		return
	}
	var id int64
	if value := f.required("id"); value != "" {
		id = f.integer("id", value)
	}
	if s.writeValidationErrors(w, f) {
		return
	}
	s.mu.Lock()
	user := s.byID(id)
	var body any
	if user != nil {
		s.mailed = append(s.mailed, id)
		body = s.wrapData(toJSON(user))
	}
	s.mu.Unlock()
	if user == nil {
		writeJSON(w, http.StatusNotFound, errorMessage{fmt.Sprintf(`No query results for model [App\Models\User] %d`, id)})
		return
	}
	writeJSON(w, http.StatusOK, body)
}
