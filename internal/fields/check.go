package fields

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
)

// Checker checks the fields of a T.
type Checker[T any] struct{ fields []Field } // with their indexes in T

// NewChecker returns a Checker of T by the declarations of U. T is U itself or a
// request; fields of T that U does not declare are not checked.
func NewChecker[U, T any]() (c Checker[T]) {
	declared := List[U]()
	for _, m := range members(reflect.TypeFor[T](), "json") {
		if i := slices.IndexFunc(declared, func(f Field) bool { return f.Name == m.name }); i >= 0 {
			declared[i].index = m.index
			c.fields = append(c.fields, declared[i])
		}
	}
	return c
}

// Err returns an error that names every invalid field of the value, or nil.
func (c Checker[T]) Err(provider, operation string, value T) error {
	var p check.Problems
	c.Check(&p, &value)
	return p.Err(provider, operation)
}

// Check adds the first problem of each field that is set, and of each required one.
func (c Checker[T]) Check(p *check.Problems, value *T) {
	v := reflect.ValueOf(value).Elem()
	for _, f := range c.fields {
		field := v.FieldByIndex(f.index)
		content, isSet := get(field)
		if isSet {
			p.Add(f.Name, f.problem(content))
		} else if f.Required && field.Kind() != reflect.Pointer {
			p.Add(f.Name, "is required")
		}
	}
}

func (f Field) problem(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return f.textProblem(v.String())
	case reflect.Int64:
		switch {
		case f.positive && v.Int() <= 0:
			return "must be greater than 0"
		case f.max > 0 && v.Int() > f.max:
			return "must be at most " + f.limit()
		case f.Enum != nil && !f.Allows(strconv.FormatInt(v.Int(), 10)):
			return "must be " + f.Allowed(" or ")
		}
	case reflect.Slice:
		return f.listProblem(v)
	}
	return ""
}

// formats are the help texts of the formats of a text.
var formats = map[string]string{
	"email":    "an email",
	"key":      "no outer white space or invisible characters",
	"phone":    "E.164, such as +390612345678",
	"password": "8 or more characters with an upper-case letter, a lower-case letter and a special character",
}

var e164 = regexp.MustCompile(`^(\+[1-9][0-9]{1,14})?$`)

func (f Field) textProblem(text string) string {
	check, isBlank := email.CheckLine, strings.TrimSpace(text) == ""
	switch {
	case f.Enum != nil && !f.Allows(text):
		return "must be one of " + f.Allowed(", ")
	case f.Required && isBlank:
		return "is required"
	case f.nonempty && isBlank:
		return "must not be empty"
	case f.Format == "phone" && !e164.MatchString(text):
		return "must be a phone number in E.164, like +390612345678"
	case f.Format == "password" && !IsStrong(text):
		return "must have " + formats["password"]
	case f.Format == "email" && text != "":
		check = email.Check
	case f.Format == "key":
		check = email.CheckKey
	}
	if err := check(text); err != nil {
		return err.Error()
	}
	if f.max > 0 && int64(utf8.RuneCountInString(text)) > f.max {
		return "must have at most " + f.limit()
	}
	return ""
}

// IsStrong applies the rule of formats, from Partoo's page "Create user". The page does not
// define a special character: here it is neither letter nor digit (inference).
func IsStrong(password string) bool {
	special := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return utf8.RuneCountInString(password) >= 8 &&
		strings.ContainsFunc(password, unicode.IsUpper) &&
		strings.ContainsFunc(password, unicode.IsLower) &&
		strings.ContainsFunc(password, special)
}

// Allows reports whether text is an allowed value.
func (f Field) Allows(text string) bool {
	return slices.ContainsFunc(f.Enum, func(v Value) bool { return v.Text == text })
}

func (f Field) listProblem(list reflect.Value) string {
	if list.IsNil() {
		return "must not be a nil list: use an empty one, or omit it" // JSON null
	}
	for i := range list.Len() {
		item := list.Index(i)
		problem := f.problem(item)
		if item.Kind() == reflect.Slice && item.Len() == 0 || item.Kind() == reflect.String && strings.TrimSpace(item.String()) == "" {
			problem = "must not be empty"
		}
		separator := " "
		if inner, nested := strings.CutPrefix(problem, "item "); nested {
			separator, problem = ".", inner
		}
		if problem != "" {
			return "item " + strconv.Itoa(i+1) + separator + problem
		}
	}
	return ""
}
