package partootest

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
)

const (
	notValue  = "Not a valid value"
	notChoice = "Not a valid choice"
)

// userFields are the fields of a create or update by name.
var userFields = fields.ByName[User]("json", "id")

// readUser returns the user with the fields of a request. Unknown ones are ignored
// (inference), and so are those that the key may not set (vendor page "Create user").
// null is rejected: the spec allows it nowhere.
func (s *Server) readUser(r *http.Request, current User) (User, *fake.Response) {
	var sent map[string]json.RawMessage
	if fake.MediaType(r) != "application/json" {
		return User{}, failure(http.StatusUnsupportedMediaType, "json", "Unsupported media type. Please use application/json")
	}
	if fake.Decode(r.Body, &sent) != nil || sent == nil {
		return User{}, invalid("The body is not a JSON object")
	}
	user, isNew, problems := current, current.ID == "", fake.Problems{}
	for name, value := range sent {
		problems.Add(string(value) == "null", name, "May not be null")
		if f, known := userFields[name]; known && problems[name] == "" {
			problem := set(f, &user, value)
			problems.Add(problem != "", name, problem)
		}
	}
	for name, f := range userFields {
		problems.Add(isNew && f.Required && sent[name] == nil, name, "Missing data for required field")
	}
	if !s.isProviderKey() {
		user.OrgID = current.OrgID
	}
	if isNew {
		user.Disabled = false // only for updates
	}
	taken := s.users.Find(emailKey(user.Email))
	problems.Add(taken != nil && taken.User.ID != current.ID, "email", "This email is already used")
	if len(problems) > 0 {
		return User{}, invalid(problems)
	}
	return user, nil
}

// set sets a field, or returns its problem.
func set(f fields.Field, user *User, text json.RawMessage) (problem string) {
	value := reflect.New(f.Type)
	if json.Unmarshal(text, value.Interface()) != nil {
		return notValue
	}
	f.Set(user, value.Elem())
	return check(f, value.Elem())
}

// check returns the problem of a value. The rules of passwords are those of vendor page
// "Create user".
func check(f fields.Field, value reflect.Value) string {
	switch {
	case value.Kind() == reflect.Slice && value.IsNil():
		return "May not contain null"
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			if problem := check(f, value.Index(i)); problem != "" {
				return problem
			}
		}
	case f.Enum != nil && !f.Allows(value.String()):
		return notChoice
	case f.Format == "email" && !fake.IsEmail(value.String()):
		return "Not a valid email address"
	case f.Format == "password" && !fields.IsStrong(value.String()):
		return "Must have 8 characters, an upper-case, a lower-case and a special one"
	}
	return ""
}
