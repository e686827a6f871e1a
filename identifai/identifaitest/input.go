package identifaitest

import (
	"mime"
	"net/http"
	"net/mail"
	"strconv"
	"strings"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/rest"
)

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
func (s *Server) readUser(f *form) identifai.UserInput {
	yes, no := "1", "0"
	if s.textBooleans {
		yes, no = "true", "false"
	}
	password, _ := f.value("password")
	u := identifai.UserInput{
		ID:         f.id(),
		Name:       f.required("name"),
		Email:      f.required("email"),
		Password:   rest.Secret(password),
		Heuristic:  f.required("heuristic"),
		Readonly:   f.boolean("readonly", yes, no),
		Newsletter: f.boolean("newsletter", yes, no),
		SaveFiles:  f.boolean("save_files", yes, no),
	}
	if plan := f.required("pricing_id"); plan != "" {
		u.PricingID = f.integer("pricing_id", plan)
	}
	f.checkEmail(u.Email)
	if len(f.errors["pricing_id"]) == 0 && u.PricingID < 1 {
		f.addError("pricing_id", "The selected pricing id is invalid.")
	}
	return u
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
