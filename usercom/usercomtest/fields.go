package usercomtest

import (
	"encoding/json"
	"fmt"
	"maps"
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
	isRequired = "This field is required."
	notNull    = "This field may not be null."
	notBlank   = "This field may not be blank."
	notString  = "Not a valid string."
	tooLong    = "Ensure this field has no more than %d characters."
)

// inputFields are the fields of UserInput.
var inputFields = fields.List[usercom.UserInput]()

// standardFields are the fields of an upsert by the version of the API and their names in
// it. Version 1 has no tags.
var standardFields = map[int]map[string]fields.Field{
	1: fields.ByName[usercom.UserInput]("json", "attributes", "tags"),
	2: fields.ByName[usercom.UserInput]("v2", "attributes"),
}

// applyFields writes the fields of a request into a user. Unknown names are ignored. It is
// inference that null clears a text or a number, and that a boolean, a gender and a
// status must not be null.
func applyFields(user User, sent map[string]any, version int) (User, fake.Problems) {
	problems := fake.Problems{}
	for name, f := range standardFields[version] {
		if value, ok := sent[name]; ok {
			problem := setField(f, &user.UserInput, value, version)
			problems.Add(problem != "", name, problem)
		}
	}
	return user, problems
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// setField writes a value into a field, or returns a problem in the words of Django REST
// framework. Texts are trimmed and may be numbers; numbers and booleans may be texts.
func setField(f fields.Field, user *usercom.UserInput, value any, version int) (problem string) {
	text := fmt.Sprint(value)
	b, notBool := strconv.ParseBool(text)
	n, notInt := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64)
	_, isText := value.(string)
	_, isNumber := value.(json.Number)
	trimmed := strings.TrimSpace(text)
	isName := f.Name == "first_name" || f.Name == "last_name"
	switch kind := f.Type.Kind(); {
	case value == nil && (f.Required || f.Enum != nil || kind == reflect.Bool):
		return notNull
	case kind == reflect.Slice:
		return addTags(f.Of(user), value)
	case value == nil:
		f.Of(user).SetZero()
	case kind == reflect.String && !isText && !isNumber:
		return notString
	case f.Required && trimmed == "":
		return notBlank
	case f.Format == "email" && trimmed != "" && !fake.IsEmail(trimmed):
		return "Enter a valid email address."
	case f.Format == "phone" && trimmed != "" && !e164.MatchString(trimmed):
		return "Enter a phone number in E.164." // the vendor's text is unknown
	case isName && version == 2 && utf8.RuneCountInString(trimmed) > 40: // only the page of version 2 has this limit
		return fmt.Sprintf(tooLong, 40)
	case kind == reflect.String:
		f.Of(user).SetString(trimmed)
	case kind == reflect.Bool && notBool != nil:
		return "Must be a valid boolean."
	case kind == reflect.Bool:
		f.Set(user, reflect.ValueOf(b))
	case f.Enum != nil && !f.Allows(fmt.Sprint(n)):
		return fmt.Sprintf("%q is not a valid choice.", text) // the names that responses contain, such as "male", are no input
	case notInt != nil:
		return "A valid integer is required."
	default:
		f.Set(user, reflect.ValueOf(n).Convert(f.Type))
	}
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

// convertNumbers converts the numbers in a decoded value to int64 or else float64.
// Numbers that fit neither keep their text.
func convertNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		if f, err := value.Float64(); err == nil {
			return f
		}
	case []any:
		for i := range value {
			value[i] = convertNumbers(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = convertNumbers(value[name])
		}
	}
	return value
}

// toJSON returns a user in the form of responses: one name, text for gender and
// status, custom attributes as a list, null for fields that are not set. The
// defaults, a visitor of unknown gender that is not unsubscribed, are inference.
func (s *Server) toJSON(r *record, version int) map[string]any {
	u := r.User
	user := map[string]any{
		"id":         u.ID,
		"key":        cookieKey(r),
		"name":       nil,
		"page_views": 0,
		"created_at": r.Created.UTC(),
		"updated_at": r.Updated.UTC(),
		"lists":      []any{},
	}
	if name := strings.TrimSpace(u.FirstName + " " + u.LastName); name != "" {
		user["name"] = name
	}
	for _, name := range []string{"first_seen", "last_seen", "last_contacted", "last_ip", "browser", "browser_language", "os_type", "resolution"} {
		user[name] = nil // a visit to the web site would set these
	}
	for _, f := range inputFields {
		user[f.Name] = fieldJSON(f, f.Of(&u.UserInput))
	}
	delete(user, "first_name")
	delete(user, "last_name")
	delete(user, "company_id")

	companies, tags, attributes := []any{}, []any{}, []any{}
	if u.CompanyID != "" {
		companies = append(companies, map[string]any{"id": s.idFor("company", u.CompanyID), "name": u.CompanyID, "member_since": nil})
	}
	for _, name := range u.Tags {
		tags = append(tags, map[string]any{"id": s.idFor("tag", name), "name": name})
	}
	// All attributes that were ever set, with the same name for both of the vendor's fields.
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		attributes = append(attributes, map[string]any{"id": s.idFor("attribute", name), "name": name, "name_std": name, "value": u.Attributes[name]})
	}
	user["companies"], user["tags"], user["attributes"] = companies, tags, attributes
	if version == 2 {
		user["custom_id"] = user["user_id"] // inference: the vendor's examples show neither
		delete(user, "user_id")
	}
	return user
}

// fieldJSON returns a field in the form of responses.
func fieldJSON(f fields.Field, value reflect.Value) any {
	switch {
	case f.Enum != nil:
		i := slices.IndexFunc(f.Enum, func(v fields.Value) bool { return v.Text == fmt.Sprint(value.Int()) })
		return f.Enum[max(0, i)].Word
	case f.Pointer && !value.IsNil():
		return value.Elem().Interface()
	case f.Type.Kind() == reflect.Bool:
		return f.Name == "notifications"
	case f.Pointer:
		return 0
	case value.IsZero():
		return nil
	}
	return value.Interface()
}

// cookieKey is the value of the vendor's cookie, 12 characters.
func cookieKey(r *record) string { return fmt.Sprintf("fake%08d", r.User.ID) }

// idFor returns the id of an attribute, a tag or a company; a new name gets a new id.
func (s *Server) idFor(kind, name string) int64 {
	key := kind + " " + name
	if s.idsByName[key] == 0 {
		s.idsByName[key] = int64(len(s.idsByName) + 1)
	}
	return s.idsByName[key]
}
