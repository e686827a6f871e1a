package usercomtest

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// upsertUser finds a user by user_id alone. That one without a user_id creates a
// user every time is inference. Unknown fields are ignored, without a word.
func (s *Server) upsertUser(c request) *response {
	fields, refusal := decodeObject(c)
	if refusal != nil {
		return refusal
	}
	user, problems := applyFields(User{}, fields)
	if len(problems) > 0 {
		return fieldErrorsResponse(problems)
	}
	if r := s.byUserID(user.UserID); r != nil {
		user, _ = applyFields(r.User, fields)
		r.store(user)
		return &response{status: http.StatusOK, body: map[string]any{"created": false, "id": r.ID}}
	}
	return &response{status: s.createdStatus, body: map[string]any{"created": true, "id": s.add(user).ID}}
}

// searchUsers compares whole addresses in any case (inference). Of several users
// a search for one returns the first (inference).
func (s *Server) searchUsers(c request) *response {
	query := c.URL.Query()
	email, key := query.Get("email"), query.Get("key")
	if email == "" && key == "" {
		return fieldErrorsResponse(map[string][]string{"email": {"This field is required."}})
	}
	found := []map[string]any{}
	for _, r := range s.users {
		if email != "" && strings.EqualFold(r.Email, email) || key != "" && r.key() == key {
			found = append(found, s.show(r))
		}
	}
	if many, err := strconv.ParseBool(query.Get("many")); err == nil && many {
		return &response{status: http.StatusOK, body: found}
	}
	if len(found) == 0 {
		return notFound()
	}
	return &response{status: http.StatusOK, body: found[0]}
}

func (s *Server) getUser(c request) *response {
	r := s.targetUser(c)
	if r == nil {
		return notFound()
	}
	return &response{status: http.StatusOK, body: s.show(r)}
}

// updateUser changes what is sent and nothing else (inference, from the example on
// vendor page "Update user").
func (s *Server) updateUser(c request) *response {
	r := s.targetUser(c)
	if r == nil {
		return notFound()
	}
	fields, refusal := decodeObject(c)
	if refusal != nil {
		return refusal
	}
	user, problems := applyFields(r.User, fields)
	if other := s.byUserID(user.UserID); other != nil && other != r {
		problems["user_id"] = append(problems["user_id"], "This field must be unique.")
	}
	if len(problems) > 0 {
		return fieldErrorsResponse(problems)
	}
	r.store(user)
	return &response{status: http.StatusOK, body: s.show(r)}
}

func (s *Server) deleteUser(c request) *response {
	r := s.targetUser(c)
	if r == nil {
		return notFound()
	}
	s.users = slices.DeleteFunc(s.users, func(other *record) bool { return other == r })
	return &response{status: http.StatusNoContent}
}

func (r *record) store(user User) {
	r.User = user
	r.updated = time.Now()
}

// targetUser returns the user in the path, or nil.
func (s *Server) targetUser(c request) *record {
	id, err := strconv.ParseInt(c.PathValue("id"), 10, 64)
	if err != nil {
		return nil
	}
	return s.byID(id)
}

// decodeObject reads the body of a request, which must be a JSON object. The framework
// reads forms too; none of the vendor's own clients should send one, because
// flags that are left out become false in them.
func decodeObject(c request) (map[string]any, *response) {
	label := c.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(label); err != nil || media != "application/json" {
		return nil, detailError(http.StatusUnsupportedMediaType, fmt.Sprintf("Unsupported media type %q in request.", label))
	}
	value, err := decode(c.body)
	if err != nil {
		return nil, detailError(http.StatusBadRequest, "JSON parse error - "+err.Error())
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, fieldErrorsResponse(map[string][]string{"non_field_errors": {"Invalid data. Expected a dictionary."}})
	}
	return fields, nil
}
