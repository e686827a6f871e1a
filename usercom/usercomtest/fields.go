package usercomtest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/usercom"
)

const (
	isRequired  = "This field is required."
	notNull     = "This field may not be null."
	notBlank    = "This field may not be blank."
	notString   = "Not a valid string."
	maxTemplate = "Ensure this field has no more than %d characters."
)

// inputFields are the fields of UserInput.
var inputFields = fields.List[usercom.UserInput]()

// standardFields are the fields of an upsert by the version of the API and their names in
// it. Version 1 has no tags.
var standardFields = map[int]map[string]fields.Field{
	1: byName(inputFields, "attributes", "tags"),
	2: byName(fields.ListBy[usercom.UserInput]("v2"), "attributes"),
}

func byName(list []fields.Field, without ...string) map[string]fields.Field {
	all := make(map[string]fields.Field)
	for _, f := range list {
		if !slices.Contains(without, f.Name) {
			all[f.Name] = f
		}
	}
	return all
}

// problems are the validation errors of a request by field.
type problems map[string][]string

func (p problems) add(name, problem string) {
	if problem != "" {
		p[name] = append(p[name], problem)
	}
}

// applyFields writes the fields of a request into a user. Unknown names are ignored. It is
// inference that null clears a text or a number, and that a boolean, a gender and a
// status must not be null.
func applyFields(user User, sent map[string]any, version int) (User, problems) {
	found := problems{}
	for name, f := range standardFields[version] {
		if value, ok := sent[name]; ok {
			found.add(name, setField(f, &user.UserInput, value, version))
		}
	}
	return user, found
}

// setField writes a value into a field, or returns a problem in the words of Django REST
// framework.
func setField(f fields.Field, user *usercom.UserInput, value any, version int) (problem string) {
	target, kind := f.Of(user), f.Type.Kind()
	switch {
	case value == nil && (f.Required || f.Enum != nil || kind == reflect.Bool):
		return notNull
	case kind == reflect.Slice:
		return addTags(target, value)
	case value == nil:
		target.SetZero()
		return ""
	case kind == reflect.String:
		return setText(f, target, value, version)
	case kind == reflect.Bool:
		b, err := strconv.ParseBool(fmt.Sprint(value))
		if err != nil {
			return "Must be a valid boolean."
		}
		f.Set(user, reflect.ValueOf(b))
		return ""
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(fmt.Sprint(value), ".0"), 10, 64) // a number or a text with a number
	switch {
	case f.Enum != nil && !f.Allows(fmt.Sprint(n)):
		return fmt.Sprintf("%q is not a valid choice.", fmt.Sprint(value)) // the names that responses contain, such as "male", are no input
	case err != nil:
		return "A valid integer is required."
	}
	f.Set(user, reflect.ValueOf(n).Convert(f.Type))
	return ""
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// setText accepts text, which it trims, and numbers.
func setText(f fields.Field, target reflect.Value, value any, version int) (problem string) {
	text, ok := value.(string)
	if number, isNumber := value.(json.Number); isNumber {
		text, ok = number.String(), true
	}
	text = strings.TrimSpace(text)
	isName := f.Name == "first_name" || f.Name == "last_name"
	switch {
	case !ok:
		return notString
	case text == "" && f.Required:
		return notBlank
	case text != "" && f.Format == "email" && !fake.IsEmail(text):
		return "Enter a valid email address."
	case text != "" && f.Format == "phone" && !e164.MatchString(text):
		return "Enter a phone number in E.164." // the vendor's text is unknown
	case isName && version == 2 && utf8.RuneCountInString(text) > 40: // only the page of version 2 has this limit
		return fmt.Sprintf(maxTemplate, 40)
	}
	target.SetString(text)
	return ""
}

// addTags adds tags to those of the user; vendor page "Update or create user",
// version 2, removes none.
func addTags(target reflect.Value, value any) (problem string) {
	list, ok := value.([]any)
	if !ok {
		return fmt.Sprintf(`Expected a list of items but got type "%T".`, value)
	}
	tags, _ := target.Interface().([]string)
	for _, item := range list {
		tag, ok := item.(string)
		if !ok {
			return notString
		}
		if !slices.Contains(tags, tag) {
			tags = append(slices.Clip(tags), tag)
		}
	}
	target.Set(reflect.ValueOf(tags))
	return ""
}
