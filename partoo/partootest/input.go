package partootest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/wrapper"
)

// fieldErrors are the problems of an input by field. That the vendor's error contains
// texts in an object under "json" is inference: its example object is empty.
type fieldErrors map[string]string

// input is the body of a create or update.
type input struct {
	gen.UpdateUserRequest
	SendInvitation *bool `json:"send_invitation,omitempty"`
}

// readInput reads a request and checks its fields one by one. Unknown ones are ignored
// (inference). null is rejected: the spec allows it nowhere.
func readInput(r *http.Request) (input, fieldErrors, *errorResponse) {
	var in input
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return in, nil, unsupported()
	}
	var sent map[string]json.RawMessage
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &sent) != nil || sent == nil {
		return in, nil, invalid("The body is not a JSON object")
	}
	problems := fieldErrors{}
	for name, value := range sent {
		field, err := json.Marshal(map[string]json.RawMessage{name: value})
		switch {
		case err != nil || json.Unmarshal(field, &in) != nil:
			problems.add(name, "Not a valid value")
		case bytes.Equal(value, []byte("null")):
			problems.add(name, "May not be null")
		}
	}
	problems.check(in)
	return in, problems, nil
}

// add adds a problem unless the field already has one.
func (e fieldErrors) add(name, text string) {
	if _, exists := e[name]; !exists {
		e[name] = text
	}
}

// requireCreateFields adds the required fields that a new user lacks.
func (e fieldErrors) requireCreateFields(in input) {
	for name, value := range map[string]*string{"email": in.Email, "first_name": in.FirstName, "last_name": in.LastName} {
		if value == nil {
			e.add(name, "Missing data for required field")
		}
	}
}

func (e fieldErrors) check(in input) {
	if in.Email != nil {
		if parsed, err := mail.ParseAddress(*in.Email); err != nil || parsed.Address != *in.Email {
			e.add("email", "Not a valid email address")
		}
	}
	checkEnum(e, "role", in.Role)
	checkEnum(e, "status", in.Status)
	checkEnum(e, "lang", in.Lang)
	for _, page := range wrapper.Deref(in.SidebarPages) {
		checkEnum(e, "sidebar_pages", &page)
	}
	for _, groups := range wrapper.Deref(in.Accesses) {
		if groups == nil {
			e.add("accesses", "May not contain null")
		}
	}
	if in.Password != nil && !isStrongPassword(string(*in.Password)) {
		e.add("password", "Must have 8 characters, an upper-case, a lower-case and a special one")
	}
}

func checkEnum[T interface{ Valid() bool }](e fieldErrors, name string, value *T) {
	if value != nil && !(*value).Valid() {
		e.add(name, "Not a valid choice")
	}
}

// isStrongPassword applies the rules of vendor page "Create user".
func isStrongPassword(password string) bool {
	return utf8.RuneCountInString(password) >= 8 &&
		strings.ContainsFunc(password, unicode.IsUpper) &&
		strings.ContainsFunc(password, unicode.IsLower) &&
		strings.ContainsFunc(password, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
