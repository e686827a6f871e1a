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
type Checker[T any] struct{ checks []fieldCheck }

type fieldCheck struct {
	Field
	index []int // in T
}

// NewChecker returns a Checker of T by the declarations of U. T is U itself or a
// request; fields of T that U does not declare are not checked.
func NewChecker[U, T any]() (c Checker[T]) {
	declared := List[U]()
	for _, m := range members(reflect.TypeFor[T](), "json") {
		if i := slices.IndexFunc(declared, func(f Field) bool { return f.Name == m.name }); i >= 0 {
			c.checks = append(c.checks, fieldCheck{declared[i], m.index})
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
	for _, f := range c.checks {
		field, isSet := get(v.FieldByIndex(f.index))
		isPointer := v.FieldByIndex(f.index).Kind() == reflect.Pointer
		switch {
		case !isSet && f.Required && !isPointer:
			p.Add(f.Name, "is required")
		case isSet:
			if problem := f.problem(field); problem != "" {
				p.Add(f.Name, problem)
			}
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
		case f.Enum != nil && !f.allows(strconv.FormatInt(v.Int(), 10)):
			return "must be " + f.allowed(" or ")
		}
	case reflect.Slice:
		return f.listProblem(v)
	}
	return ""
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

func (f Field) textProblem(text string) string {
	var err error
	switch {
	case f.Enum != nil && !f.allows(text):
		return "must be one of " + f.allowed(", ")
	case f.Required && strings.TrimSpace(text) == "":
		return "is required"
	case f.nonempty && strings.TrimSpace(text) == "":
		return "must not be empty"
	case f.Email && text != "":
		err = email.Check(text)
	case f.Key:
		err = email.CheckKey(text)
	case f.Phone && text != "" && !e164.MatchString(text):
		return "must be a phone number in E.164, like +390612345678"
	case f.password && !isStrong(text):
		return "must have " + passwordRule
	default:
		err = email.CheckLine(text)
	}
	if err != nil {
		return err.Error()
	}
	if f.max > 0 && int64(utf8.RuneCountInString(text)) > f.max {
		return "must have at most " + f.limit()
	}
	return ""
}

const passwordRule = "8 or more characters with an upper-case letter, a lower-case letter and a special character"

// isStrong applies passwordRule, from Partoo's page "Create user". The page does not
// define a special character: here it is neither letter nor digit (inference).
func isStrong(password string) bool {
	special := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return utf8.RuneCountInString(password) >= 8 &&
		strings.ContainsFunc(password, unicode.IsUpper) &&
		strings.ContainsFunc(password, unicode.IsLower) &&
		strings.ContainsFunc(password, special)
}

func (f Field) allows(text string) bool {
	return slices.ContainsFunc(f.Enum, func(v Value) bool { return v.Text == text })
}

func (f Field) listProblem(list reflect.Value) string {
	if list.IsNil() {
		return "must not be a nil list: use an empty one, or omit it" // JSON null
	}
	for i := range list.Len() {
		item := list.Index(i)
		problem := f.problem(item)
		switch {
		case item.Kind() == reflect.Slice && item.Len() == 0, item.Kind() == reflect.String && strings.TrimSpace(item.String()) == "":
			problem = "must not be empty"
		}
		number := strconv.Itoa(i + 1)
		if inner, nested := strings.CutPrefix(problem, "item "); nested {
			return "item " + number + "." + inner
		}
		if problem != "" {
			return "item " + number + " " + problem
		}
	}
	return ""
}
