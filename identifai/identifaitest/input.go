package identifaitest

import (
	"mime"
	"net/http"
	"net/mail"
	"strconv"
	"strings"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/rest"
)

// inputFields are the fields of a create or update, in the order of the vendor's page.
var inputFields = fields.List[identifai.UserInput]()

// form is the input of a request as Laravel parses it, with its validation errors.
type form struct {
	values map[string][]string
	errors map[string][]string
}

// readForm reads a body of type multipart/form-data, the only type that the vendor
// documents.
func readForm(r *http.Request) (*form, bool) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || r.ParseMultipartForm(1<<20) != nil {
		return nil, false
	}
	return &form{values: r.MultipartForm.Value, errors: make(map[string][]string)}, true
}

func (f *form) addError(field, text string) {
	f.errors[field] = append(f.errors[field], text)
}

// value returns a part; of several parts with one name the last counts. All values
// except passwords are trimmed, and an empty value is null.
func (f *form) value(field string) (value string, sent bool) {
	values, sent := f.values[field]
	if len(values) == 0 {
		return "", sent
	}
	value = values[len(values)-1]
	if field != "password" {
		value = strings.TrimSpace(value)
	}
	return value, sent
}

func (f *form) required(field string) string {
	value, _ := f.value(field)
	if value == "" {
		f.addError(field, "The "+fieldLabel(field)+" field is required.")
	}
	return value
}

func (f *form) integer(field, value string) int64 {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		f.addError(field, "The "+fieldLabel(field)+" must be an integer.")
	}
	return n
}

// boolean reads a boolean, which may be omitted, but not empty.
func (f *form) boolean(field string, yes, no string) *bool {
	value, sent := f.value(field)
	switch {
	case !sent:
		return nil
	case value == yes:
		return new(true)
	case value == no:
		return new(false)
	}
	f.addError(field, "The "+fieldLabel(field)+" field must be true or false.")
	return nil
}

func fieldLabel(field string) string { return strings.ReplaceAll(field, "_", " ") }

// id reads the id of a user; nil creates one. The part is required.
func (f *form) id() *int64 {
	value, sent := f.value("id")
	switch {
	case !sent:
		f.addError("id", "The id field must be present.")
		return nil
	case value == "":
		return nil
	}
	return new(f.integer("id", value))
}

// readUser reads the input of a create or update.
func (s *Server) readUser(f *form) (u User) {
	yes, no := "1", "0"
	if s.textBooleans {
		yes, no = "true", "false"
	}
	for _, field := range inputFields {
		value, _ := f.value(field.Name)
		if field.Required {
			value = f.required(field.Name)
		}
		switch target := field.Of(&u).Addr().Interface().(type) {
		case **int64:
			*target = f.id()
		case **bool:
			*target = f.boolean(field.Name, yes, no)
		case *rest.Secret:
			*target = rest.Secret(value)
		case *string:
			*target = value
		case *int64:
			*target = f.number(field.Name, value)
		}
	}
	f.checkEmail(u.Email)
	return u
}

// number reads an optional number greater than 0.
func (f *form) number(field, value string) int64 {
	if value == "" {
		return 0
	}
	n := f.integer(field, value)
	if n < 1 && len(f.errors[field]) == 0 {
		f.addError(field, "The selected "+fieldLabel(field)+" is invalid.")
	}
	return n
}

func (f *form) checkEmail(email string) {
	if email == "" {
		return
	}
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		f.addError("email", "The email must be a valid email address.")
	}
}

// writeValidationErrors responds with the validation errors, if there are any.
func (s *Server) writeValidationErrors(w http.ResponseWriter, f *form) bool {
	if len(f.errors) == 0 {
		return false
	}
	writeJSON(w, s.invalidStatus, map[string]any{"message": "The given data was invalid.", "errors": f.errors})
	return true
}
