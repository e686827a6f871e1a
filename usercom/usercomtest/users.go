package usercomtest

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/fake"
)

// invalid is the framework's error response to invalid fields.
func invalid(problems fake.Problems) *fake.Response {
	return &fake.Response{Status: http.StatusBadRequest, Body: problems.Lists()}
}

// upsertUser identifies a user by user_id only, in version 2 by custom_id. A request
// without it always creates a user (inference). Version 1 ignores unknown fields
// without an error (inference), for version 2 they are custom attributes.
func (s *Server) upsertUser(req request) *fake.Response {
	user, problems := applyFields(User{}, req.sent, req.version)
	if len(problems) > 0 {
		return invalid(problems)
	}
	status, created := http.StatusOK, false
	r := s.users.Find(userIDKey(user.UserID))
	if r == nil {
		status, created = s.createdStatus, true
		r = s.users.Add(user)
	} else {
		user, _ = applyFields(r.User, req.sent, req.version)
		s.users.Update(r, user)
	}
	if req.version == 2 {
		attributes := maps.Clone(req.sent)
		maps.DeleteFunc(attributes, func(name string, _ any) bool { _, standard := standardFields[2][name]; return standard })
		s.addAttributes(r, attributes)
	}
	return &fake.Response{Status: status, Body: map[string]any{"created": created, "id": r.User.ID}}
}

// searchUsers compares whole emails in any letter case (inference). Without
// many=true it returns the first of several users (inference).
func (s *Server) searchUsers(req request) *fake.Response {
	query := req.URL.Query()
	wanted, key := query.Get("email"), query.Get("key")
	if wanted == "" && key == "" {
		return invalid(fake.Problems{"email": isRequired})
	}
	matches := []any{}
	for _, r := range s.users.Records {
		if wanted != "" && email.Equal(r.User.Email, wanted) || key != "" && cookieKey(r) == key {
			matches = append(matches, s.toJSON(r, req.version))
		}
	}
	many, _ := strconv.ParseBool(query.Get("many"))
	switch {
	case many:
		return fake.OK(matches)
	case len(matches) == 0:
		return notFound()
	}
	return fake.OK(matches[0])
}

func (s *Server) getUser(req request) *fake.Response { return fake.OK(s.toJSON(req.user, req.version)) }

// updateUser changes only the fields that are sent (inference from the example on
// vendor page "Update user").
func (s *Server) updateUser(req request) *fake.Response {
	user, problems := applyFields(req.user.User, req.sent, req.version)
	other := s.users.Find(userIDKey(user.UserID))
	problems.Add(other != nil && other != req.user, "user_id", "This field must be unique.")
	if len(problems) > 0 {
		return invalid(problems)
	}
	s.users.Update(req.user, user)
	return fake.OK(s.toJSON(req.user, req.version))
}

func (s *Server) deleteUser(req request) *fake.Response {
	s.users.Delete(req.user)
	return &fake.Response{Status: http.StatusNoContent}
}

func (s *Server) setAttribute(req request) *fake.Response {
	problems := fake.Problems{}
	attribute, hasName := req.sent["attribute"]
	value, hasValue := req.sent["value"]
	name, isText := attribute.(string)
	problems.Add(!hasName, "attribute", isRequired)
	problems.Add(!isText, "attribute", notString)
	problems.Add(!hasValue, "value", isRequired)
	checkAttributeName(problems, "attribute", name)
	if len(problems) > 0 {
		return invalid(problems)
	}
	return s.addAttributes(req.user, map[string]any{name: value})
}

func (s *Server) setAttributes(req request) *fake.Response {
	problems := fake.Problems{}
	for name := range req.sent {
		checkAttributeName(problems, name, name)
	}
	if len(problems) > 0 {
		return invalid(problems)
	}
	return s.addAttributes(req.user, req.sent)
}

// checkAttributeName checks the name of a custom attribute, which must have 1 to 255
// characters (vendor page "Mass update custom attributes").
func checkAttributeName(problems fake.Problems, field, name string) {
	problems.Add(name == "", field, notBlank)
	problems.Add(utf8.RuneCountInString(name) > 255, field, fmt.Sprintf(tooLong, 255))
}

// addAttributes stores attributes of any type. They need not exist in the
// application before (the vendor's pages differ on that). The response without a
// body is inference.
func (s *Server) addAttributes(r *record, attributes map[string]any) *fake.Response {
	if len(attributes) > 0 {
		user := r.User
		user.Attributes = make(map[string]any)
		maps.Copy(user.Attributes, r.User.Attributes)
		maps.Copy(user.Attributes, attributes)
		s.users.Update(r, user)
	}
	return &fake.Response{Status: http.StatusOK}
}
