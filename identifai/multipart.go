package identifai

import (
	"bytes"
	"io"
	"mime/multipart"
	"strconv"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/rest"
)

// multipartForm is a request body of type multipart/form-data. It is in memory, so
// that its length is known and it can be sent again.
type multipartForm struct {
	body         bytes.Buffer
	parts        *multipart.Writer
	textBooleans bool
}

func newForm(textBooleans bool) *multipartForm {
	f := &multipartForm{textBooleans: textBooleans}
	f.parts = multipart.NewWriter(&f.body)
	return f
}

// encodeUser writes the parts in the order of the declaration, which is that of the
// vendor's page.
func encodeUser(u UserInput, textBooleans bool) *multipartForm {
	f := newForm(textBooleans)
	u.Email = email.Normalize(u.Email)
	for _, field := range inputFields {
		switch value := field.Of(&u).Interface().(type) {
		case *int64:
			f.id(value)
		case int64:
			f.number(field.Name, value)
		case *bool:
			f.boolean(field.Name, value)
		case rest.Secret:
			f.optional(field.Name, string(value))
		case string:
			f.optional(field.Name, value)
		}
	}
	return f
}

func encodeID(id int64) *multipartForm {
	f := newForm(false)
	f.id(&id)
	return f
}

// reader returns the content type and the body. The body is a bytes.Reader, so
// net/http can rewind it, and sends header and body in one write.
func (f *multipartForm) reader() (contentType string, body io.Reader) {
	// Writing to a bytes.Buffer never fails.
	_ = f.parts.Close()
	return f.parts.FormDataContentType(), bytes.NewReader(f.body.Bytes())
}

func (f *multipartForm) text(name, value string) { _ = f.parts.WriteField(name, value) }

// optional writes no part for an empty text.
func (f *multipartForm) optional(name, value string) {
	if value != "" {
		f.text(name, value)
	}
}

// id writes an id, or an empty part if there is none. Multipart has no null. Only
// an empty part fits the spec (the field is required and nullable), and Laravel
// reads it as null (inference).
func (f *multipartForm) id(id *int64) {
	if id == nil {
		f.text("id", "")
		return
	}
	f.number("id", *id)
}

func (f *multipartForm) number(name string, value int64) { f.text(name, strconv.FormatInt(value, 10)) }

// boolean writes 1 or 0, or true or false with WithTextBooleans. It writes no part
// for nil: Laravel reads an empty part as null, which a boolean must not be.
func (f *multipartForm) boolean(name string, value *bool) {
	switch {
	case value == nil:
	case f.textBooleans:
		f.text(name, strconv.FormatBool(*value))
	case *value:
		f.text(name, "1")
	default:
		f.text(name, "0")
	}
}
