package usercomtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/mail"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/usercom"
)

const (
	notNull  = "This field may not be null."
	notBlank = "This field may not be blank."
)

// inputFields are the fields of UserInput.
var inputFields = fields.List[usercom.UserInput]()

// standardFields returns the fields of an upsert by the names of this version of the
// API. Version 1 has no tags.
func standardFields(version int) map[string]fields.Field {
	version2Names := map[string]string{"user_id": "custom_id", "company_id": "company_custom_id"}
	all := make(map[string]fields.Field, len(inputFields))
	for _, f := range inputFields {
		switch {
		case f.Name == "attributes", f.Name == "tags" && version == 1:
		case version == 2:
			all[cmp.Or(version2Names[f.Name], f.Name)] = f
		default:
			all[f.Name] = f
		}
	}
	return all
}

// applyFields writes the fields of a request into a copy of a user. Unknown names
// are ignored. It is inference that null clears a text or a number, and that a
// boolean, a gender and a status must not be null.
func applyFields(user User, sent map[string]any, version int) (User, map[string][]string) {
	user = clone(user)
	problems := make(map[string][]string)
	for name, f := range standardFields(version) {
		value, ok := sent[name]
		if !ok {
			continue
		}
		if problem := setField(f, f.Of(&user.UserInput), value, version); problem != "" {
			problems[name] = []string{problem}
		}
	}
	return user, problems
}

// setField writes a value into a field, or returns a problem in the words of Django REST
// framework.
func setField(f fields.Field, target reflect.Value, value any, version int) (problem string) {
	kind := f.Type.Kind()
	switch {
	case kind == reflect.String && f.Required && value == nil,
		value == nil && (f.Enum != nil || kind == reflect.Bool):
		return notNull
	case kind == reflect.String:
		return setText(f, target, value, version)
	case kind == reflect.Slice:
		return addTags(target, value)
	case value == nil:
		target.SetZero()
		return ""
	case kind == reflect.Bool:
		b, err := strconv.ParseBool(fmt.Sprint(value))
		if err != nil {
			return "Must be a valid boolean."
		}
		target.Set(reflect.ValueOf(&b))
		return ""
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(fmt.Sprint(value), ".0"), 10, 64) // a number or a text with a number
	switch {
	case f.Enum != nil && !slices.ContainsFunc(f.Enum, func(v fields.Value) bool { return v.Text == fmt.Sprint(n) }):
		return fmt.Sprintf("%q is not a valid choice.", fmt.Sprint(value)) // the names that responses contain, such as "male", are no input
	case err != nil:
		return "A valid integer is required."
	case f.Pointer:
		target.Set(reflect.ValueOf(&n))
	default:
		target.SetInt(n)
	}
	return ""
}

// setText accepts text, which it trims, and numbers.
func setText(f fields.Field, target reflect.Value, value any, version int) (problem string) {
	var text string
	switch value := value.(type) {
	case nil:
	case string:
		text = strings.TrimSpace(value)
	case json.Number:
		text = value.String()
	default:
		return "Not a valid string."
	}
	if text == "" && f.Required {
		return notBlank
	}
	if text != "" {
		problem = textProblem(f.Name, text, version)
	}
	if problem == "" {
		target.SetString(text)
	}
	return problem
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

func textProblem(name, text string, version int) string {
	switch name {
	case "email":
		if parsed, err := mail.ParseAddress(text); err != nil || parsed.Address != text {
			return "Enter a valid email address."
		}
	case "phone_number":
		if !e164.MatchString(text) {
			return "Enter a phone number in E.164." // the vendor's text is unknown
		}
	case "first_name", "last_name":
		if version == 2 && utf8.RuneCountInString(text) > 40 { // only the page of version 2 has this limit
			return "Ensure this field has no more than 40 characters."
		}
	}
	return ""
}

// addTags adds tags to those of the user; vendor page "Update or create user",
// version 2, removes none.
func addTags(target reflect.Value, value any) (problem string) {
	list, ok := value.([]any)
	if !ok {
		return `Expected a list of items but got type "` + fmt.Sprintf("%T", value) + `".`
	}
	tags, _ := target.Interface().([]string)
	for _, item := range list {
		tag, ok := item.(string)
		if !ok {
			return "Not a valid string."
		}
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	target.Set(reflect.ValueOf(tags))
	return ""
}
