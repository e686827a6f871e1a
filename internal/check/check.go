// Package check collects the problems of an input, so that one error names every
// invalid field before a request is sent, and checks ids in responses.
package check

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/rest"
)

// Problems contains the problems of an input by the vendor's field names. The zero
// value is ready to use.
type Problems struct {
	fields map[string][]string
}

// Add adds a problem of a field, such as "must be …". An empty text is none.
func (p *Problems) Add(field, problem string) {
	if problem == "" {
		return
	}
	if p.fields == nil {
		p.fields = make(map[string][]string)
	}
	p.fields[field] = append(p.fields[field], problem)
}

func (p *Problems) addError(field string, err error) {
	if err != nil {
		p.Add(field, err.Error())
	}
}

// Text requires a single line of valid UTF-8.
func (p *Problems) Text(field, value string) { p.addError(field, email.CheckLine(value)) }

// Email requires one plain email, like ada@example.com.
func (p *Problems) Email(field, value string) {
	if strings.TrimSpace(value) == "" {
		p.Add(field, "is required")
	} else {
		p.addError(field, email.Check(value))
	}
}

// PathID requires an id that is one segment of a URL path and no other resource: not
// empty, ".", "..", "me" or "search", and only visible ASCII without separators.
func (p *Problems) PathID(field, value string) {
	invalid := func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsGraphic(r) || strings.ContainsRune(` /\?#%;`, r)
	}
	switch {
	case value == "":
		p.Add(field, "is required")
	case value == ".", value == "..", value == "me", value == "search", strings.ContainsFunc(value, invalid):
		p.Add(field, "must be an id from a response of the vendor")
	}
}

// Positive requires a number greater than 0, like the vendors' numeric ids.
func (p *Problems) Positive(field string, value int64) {
	if value <= 0 {
		p.Add(field, "must be greater than 0")
	}
}

// Err returns nil if there is no problem, and otherwise a *rest.Error that names every
// field and matches rest.ErrInvalid.
func (p *Problems) Err(provider, operation string) error {
	if len(p.fields) == 0 {
		return nil
	}
	return &rest.Error{Provider: provider, Operation: operation, Message: "invalid input, nothing was sent", Fields: p.fields, Err: rest.ErrInvalid}
}

// SameUser returns an error if the response contains another user than requested: such
// a response is unusable.
func SameUser[ID comparable](provider, operation string, resp *http.Response, requested, got ID) error {
	if requested == got {
		return nil
	}
	e := &rest.Error{Provider: provider, Operation: operation, Executed: rest.ExecutedYes, Err: fmt.Errorf("response contains a different user than %v", requested)}
	if resp != nil {
		e.StatusCode = resp.StatusCode
	}
	return e
}
