package usercomtest

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/usersync/usersync/internal/email"
)

// upsertUser identifies a user by user_id only, in version 2 by custom_id. A request
// without it always creates a user (inference). Version 1 ignores unknown fields
// without an error (inference), for version 2 they are custom attributes.
func (s *Server) upsertUser(req request) *response {
	fields, failed := decodeObject(req)
	if failed != nil {
		return failed
	}
	user, problems := applyFields(User{}, fields, req.version)
	if len(problems) > 0 {
		return fieldErrorsResponse(problems)
	}
	attributes := customAttributes(fields, req.version)
	if r := s.byUserID(user.UserID); r != nil {
		user, _ = applyFields(r.User, fields, req.version)
		r.store(user)
		r.setAttributes(attributes)
		return &response{status: http.StatusOK, body: map[string]any{"created": false, "id": r.ID}}
	}
	r := s.add(user)
	r.setAttributes(attributes)
	return &response{status: s.createdStatus, body: map[string]any{"created": true, "id": r.ID}}
}

// searchUsers compares whole emails in any letter case (inference). Without
// many=true it returns the first of several users (inference).
func (s *Server) searchUsers(req request) *response {
	query := req.URL.Query()
	wanted, key := query.Get("email"), query.Get("key")
	if wanted == "" && key == "" {
		return fieldErrorsResponse(map[string][]string{"email": {"This field is required."}})
	}
	matches := []map[string]any{}
	for _, r := range s.users {
		if wanted != "" && email.Equal(r.Email, wanted) || key != "" && r.key() == key {
			matches = append(matches, s.toJSON(r, req.version))
		}
	}
	if many, err := strconv.ParseBool(query.Get("many")); err == nil && many {
		return &response{status: http.StatusOK, body: matches}
	}
	if len(matches) == 0 {
		return notFound()
	}
	return &response{status: http.StatusOK, body: matches[0]}
}

func (s *Server) getUser(req request) *response {
	r := s.targetUser(req)
	if r == nil {
		return notFound()
	}
	return &response{status: http.StatusOK, body: s.toJSON(r, req.version)}
}

// updateUser changes only the fields that are sent (inference from the example on
// vendor page "Update user").
func (s *Server) updateUser(req request) *response {
	r := s.targetUser(req)
	if r == nil {
		return notFound()
	}
	fields, failed := decodeObject(req)
	if failed != nil {
		return failed
	}
	user, problems := applyFields(r.User, fields, req.version)
	if other := s.byUserID(user.UserID); other != nil && other != r {
		problems["user_id"] = append(problems["user_id"], "This field must be unique.")
	}
	if len(problems) > 0 {
		return fieldErrorsResponse(problems)
	}
	r.store(user)
	return &response{status: http.StatusOK, body: s.toJSON(r, req.version)}
}

func (s *Server) deleteUser(req request) *response {
	r := s.targetUser(req)
	if r == nil {
		return notFound()
	}
	s.users = slices.DeleteFunc(s.users, func(other *record) bool { return other == r })
	return &response{status: http.StatusNoContent}
}

// customAttributes returns the unknown fields of an upsert of version 2.
func customAttributes(sent map[string]any, version int) map[string]any {
	if version == 1 {
		return nil
	}
	attributes := maps.Clone(sent)
	for name := range standardFields(version) {
		delete(attributes, name)
	}
	return attributes
}

func (r *record) store(user User) {
	r.User = user
	r.updated = time.Now()
}

// targetUser returns the user in the path, or nil.
func (s *Server) targetUser(req request) *record {
	id, err := strconv.ParseInt(req.PathValue("id"), 10, 64)
	if err != nil {
		return nil
	}
	return s.byID(id)
}

// decodeObject reads the body of a request, which must be a JSON object. The
// framework accepts forms too, but omitted booleans become false in them; so the
// fake rejects forms.
func decodeObject(req request) (map[string]any, *response) {
	label := req.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(label); err != nil || media != "application/json" {
		return nil, detailError(http.StatusUnsupportedMediaType, fmt.Sprintf("Unsupported media type %q in request.", label))
	}
	value, err := decode(req.body)
	if err != nil {
		return nil, detailError(http.StatusBadRequest, "JSON parse error - "+err.Error())
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, fieldErrorsResponse(map[string][]string{"non_field_errors": {"Invalid data. Expected a dictionary."}})
	}
	return fields, nil
}
