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
)

// fieldErrors are what is wrong with an input, by field. That they are texts in an
// object under "json" is inference: the vendor shows the object, empty.
type fieldErrors map[string]string

// input is what create and update may be sent.
type input struct {
	gen.UpdateUserRequest
	SendInvitation *bool `json:"send_invitation,omitempty"`
}

// readInput reads a request and checks its fields one by one. Unknown ones are
// ignored (inference). null is refused: the specification allows it nowhere.
func readInput(r *http.Request) (input, fieldErrors, *errorResponse) {
	var in input
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return in, nil, unsupported()
	}
	var fields map[string]json.RawMessage
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &fields) != nil || fields == nil {
		return in, nil, invalid("The body is not a JSON object")
	}
	found := fieldErrors{}
	for name, value := range fields {
		field, err := json.Marshal(map[string]json.RawMessage{name: value})
		switch {
		case err != nil || json.Unmarshal(field, &in) != nil:
			found.add(name, "Not a valid value")
		case bytes.Equal(value, []byte("null")):
			found.add(name, "May not be null")
		}
	}
	found.check(in)
	return in, found, nil
}

// add complains of a field, once.
func (c fieldErrors) add(name, text string) {
	if _, known := c[name]; !known {
		c[name] = text
	}
}

// requireCreateFields complains of what a new user lacks.
func (c fieldErrors) requireCreateFields(in input) {
	for name, value := range map[string]*string{"email": in.Email, "first_name": in.FirstName, "last_name": in.LastName} {
		if value == nil {
			c.add(name, "Missing data for required field")
		}
	}
}

func (c fieldErrors) check(in input) {
	if in.Email != nil {
		if address, err := mail.ParseAddress(*in.Email); err != nil || address.Address != *in.Email {
			c.add("email", "Not a valid email address")
		}
	}
	checkEnum(c, "role", in.Role)
	checkEnum(c, "status", in.Status)
	checkEnum(c, "lang", in.Lang)
	if in.SidebarPages != nil {
		for _, page := range *in.SidebarPages {
			checkEnum(c, "sidebar_pages", &page)
		}
	}
	if in.Accesses != nil {
		for _, groups := range *in.Accesses {
			if groups == nil {
				c.add("accesses", "May not hold null")
			}
		}
	}
	if in.Password != nil && !isStrongPassword(string(*in.Password)) {
		c.add("password", "Must have 8 characters, an upper-case, a lower-case and a special one")
	}
}

func checkEnum[T interface{ Valid() bool }](c fieldErrors, name string, value *T) {
	if value != nil && !(*value).Valid() {
		c.add(name, "Not a valid choice")
	}
}

// isStrongPassword applies the rules of vendor page "Create user".
func isStrongPassword(password string) bool {
	return utf8.RuneCountInString(password) >= 8 &&
		strings.ContainsFunc(password, unicode.IsUpper) &&
		strings.ContainsFunc(password, unicode.IsLower) &&
		strings.ContainsFunc(password, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
