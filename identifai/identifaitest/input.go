package identifaitest

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
)

var (
	// inputFields are the fields of a create or update.
	inputFields = fields.List[identifai.UserInput]()
	toStored    = fields.NewMapping[identifai.UserInput, User]()
)

// form is the input of a request as Laravel parses it, with its validation errors.
type form struct {
	values   url.Values
	problems fake.Problems
}

const (
	required = "The :attribute field is required."
	invalid  = "The selected :attribute is invalid."
)

// fail adds an error, with the name of the field in place of :attribute.
func (f form) fail(field, text string) {
	f.problems.Add(true, field, strings.ReplaceAll(text, ":attribute", strings.ReplaceAll(field, "_", " ")))
}

// rejected returns the error response with the errors of the form.
func (s *Server) rejected(f form) *fake.Response {
	return &fake.Response{Status: s.invalidStatus, Body: map[string]any{"message": "The given data was invalid.", "errors": f.problems.Lists()}}
}

// value returns a value; of several with one name the last counts. All except passwords
// are trimmed. An empty value is null.
func (f form) value(field string) (value string) {
	if values := f.values[field]; len(values) > 0 {
		value = values[len(values)-1]
	}
	if field == "password" {
		return value
	}
	return strings.TrimSpace(value)
}

// integer returns a number, 0 if there is none. One below 1 gets the error tooSmall,
// unless it is empty.
func (f form) integer(field, tooSmall string) int64 {
	value := f.value(field)
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case value == "":
	case err != nil:
		f.fail(field, "The :attribute must be an integer.")
	case n < 1 && tooSmall != "":
		f.fail(field, tooSmall)
	}
	return n
}

// readUser reads the input of a create or update. The id must be sent; an empty one
// creates a user. A boolean may be omitted, but not empty.
func (s *Server) readUser(f form) (u User) {
	booleans := []string{"0", "1"}
	if s.textBooleans {
		booleans = []string{"false", "true"}
	}
	for _, field := range inputFields {
		name, value, kind, sent := field.Name, f.value(field.Name), field.Type.Kind(), f.values.Has(field.Name)
		switch {
		case name == "id" && !sent:
			f.fail(name, "The :attribute field must be present.")
		case field.Required && value == "":
			f.fail(name, required)
		case !sent, value == "" && kind != reflect.Bool:
		case kind == reflect.Bool && !slices.Contains(booleans, value):
			f.fail(name, "The :attribute field must be true or false.")
		case kind == reflect.Bool:
			field.Set(&u, reflect.ValueOf(value == booleans[1]))
		case kind == reflect.Int64:
			field.Set(&u, reflect.ValueOf(f.integer(name, invalid)))
		case field.Format == "email" && !fake.IsEmail(value):
			f.fail(name, "The :attribute must be a valid email address.")
		default:
			field.Set(&u, reflect.ValueOf(value).Convert(field.Type))
		}
	}
	return u
}
