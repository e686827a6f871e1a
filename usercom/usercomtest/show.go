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
