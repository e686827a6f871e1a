package usercomtest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/fields"
)

// toJSON returns a user in the form of responses: one name, text for gender and
// status, custom attributes as a list, null for fields that are not set. The
// defaults, a visitor of unknown gender that is not unsubscribed, are inference.
func (s *Server) toJSON(r *record, version int) map[string]any {
	user := map[string]any{
		"id":         r.ID,
		"key":        r.key(),
		"name":       orNull(strings.TrimSpace(r.FirstName + " " + r.LastName)),
		"page_views": 0,
		"created_at": r.created.UTC(),
		"updated_at": r.updated.UTC(),
		"companies":  s.companies(r),
		"lists":      []any{},
		"tags":       s.tags(r),
		"attributes": s.attributes(r),
	}
	for _, f := range inputFields {
		if _, set := user[f.Name]; !set && !slices.Contains([]string{"first_name", "last_name", "company_id"}, f.Name) {
			user[f.Name] = fieldJSON(f, f.Of(&r.UserInput))
		}
	}
	for _, name := range []string{"first_seen", "last_seen", "last_contacted", "last_ip", "browser", "browser_language", "os_type", "resolution"} {
		user[name] = nil // a visit to the web site would set these
	}
	if version == 2 {
		user["custom_id"] = user["user_id"] // inference: the vendor's examples show neither
		delete(user, "user_id")
	}
	return user
}

// fieldJSON returns a field in the form of responses.
func fieldJSON(f fields.Field, value reflect.Value) any {
	kind := f.Type.Kind()
	switch {
	case f.Enum != nil:
		for _, v := range f.Enum {
			if v.Text == fmt.Sprint(value.Int()) {
				return v.Word
			}
		}
		return f.Enum[0].Word
	case f.Pointer && !value.IsNil():
		return value.Elem().Interface()
	case f.Name == "notifications":
		return true
	case kind == reflect.Bool:
		return false
	case f.Pointer:
		return 0
	case value.IsZero():
		return nil
	}
	return value.Interface()
}

func (s *Server) tags(r *record) []any {
	list := []any{}
	for _, name := range r.Tags {
		list = append(list, map[string]any{"id": s.idFor("tag", name), "name": name})
	}
	return list
}

// key is the value of the vendor's cookie, 12 characters.
func (r *record) key() string { return fmt.Sprintf("fake%08d", r.ID) }

func (s *Server) companies(r *record) []any {
	if r.CompanyID == "" {
		return []any{}
	}
	return []any{map[string]any{"id": s.idFor("company", r.CompanyID), "name": r.CompanyID, "member_since": nil}}
}

// attributes lists all attributes that were ever set, with the same name for both of
// the vendor's name fields.
func (s *Server) attributes(r *record) []any {
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		list = append(list, map[string]any{
			"id": s.idFor("attribute", name), "name": name, "name_std": name, "value": r.Attributes[name],
		})
	}
	return list
}

// orNull returns v, or nil if it is the zero value.
func orNull[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}
