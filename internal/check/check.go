// Package check collects what is wrong with an input, so that a caller learns
// of every bad field at once and before anything is sent.
package check

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/rest"
)

// Problems maps field names, as the vendor writes them, to what is wrong. The
// zero value is ready to use.
type Problems struct {
	fields map[string][]string
}

// Add notes that field is wrong: "must be …".
func (p *Problems) Add(field, problem string) {
	if p.fields == nil {
		p.fields = make(map[string][]string)
	}
	p.fields[field] = append(p.fields[field], problem)
}

// Required requires a text that is not only white space.
func (p *Problems) Required(field, value string) {
	if strings.TrimSpace(value) == "" {
		p.Add(field, "is required")
		return
	}
	p.Text(field, value)
}

// Text requires a single line of valid UTF-8.
func (p *Problems) Text(field, value string) { p.addError(field, email.CheckLine(value)) }

// MaxLength wants at most n characters.
func (p *Problems) MaxLength(field, value string, n int) {
	if utf8.RuneCountInString(value) > n {
		p.Add(field, "must have at most "+strconv.Itoa(n)+" characters")
	}
}

// Email requires one plain email, like ada@example.com, or nothing.
func (p *Problems) Email(field, value string) {
	if value != "" {
		p.addError(field, email.Check(value))
	}
}

// Key requires a text without outer white space and invisible characters.
func (p *Problems) Key(field, value string) { p.addError(field, email.CheckKey(value)) }

func (p *Problems) addError(field string, err error) {
	if err != nil {
		p.Add(field, err.Error())
	}
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// Phone wants a number in E.164, like +390612345678, or nothing.
func (p *Problems) Phone(field, value string) {
	if value != "" && !e164.MatchString(value) {
		p.Add(field, "must be a phone number in E.164, like +390612345678")
	}
}

// PathID wants an id that stays one segment of a URL path and means no other
// resource: not empty, ".", "..", "me", "search", and nothing but visible ASCII
// without separators.
func (p *Problems) PathID(field, value string) {
	foreign := func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsGraphic(r) || strings.ContainsRune(` /\?#%;`, r)
	}
	switch {
	case value == "":
		p.Add(field, "is required")
	case value == ".", value == "..", value == "me", value == "search", strings.ContainsFunc(value, foreign):
		p.Add(field, "must be an id as the vendor gave it")
	}
}

// Positive wants a number above zero, as vendors' numeric ids are.
func (p *Problems) Positive(field string, value int64) {
	if value <= 0 {
		p.Add(field, "must be more than 0")
	}
}

// OneOf wants value to be among allowed, or empty.
func OneOf[T ~string](p *Problems, field string, value T, allowed ...T) {
	if value == "" {
		return
	}
	names := make([]string, 0, len(allowed))
	for _, a := range allowed {
		if a == value {
			return
		}
		names = append(names, string(a))
	}
	p.Add(field, "must be one of "+strings.Join(names, ", "))
}

// Err returns nil when nothing is wrong, or else one *rest.Error that names
// every field and matches rest.ErrInvalid.
func (p *Problems) Err(provider, operation string) error {
	if len(p.fields) == 0 {
		return nil
	}
	return &rest.Error{
		Provider:  provider,
		Operation: operation,
		Message:   "invalid input, nothing was sent",
		Fields:    p.fields,
		Err:       rest.ErrInvalid,
	}
}
