package usercomtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usersync/usersync/usercom"
)

// toJSON returns a user in the form of responses: one name, text for gender and
// status, custom attributes as a list, null for fields that are not set. The
// defaults, a visitor of unknown gender that is not unsubscribed, are inference.
func (s *Server) toJSON(r *record, version int) map[string]any {
	status := usercom.UserStatusNameVisitor
	if r.Status == usercom.UserStatusUser {
		status = usercom.UserStatusNameUser
	}
	user := map[string]any{
		"id":            r.ID,
		"user_id":       orNull(r.UserID),
		"key":           r.key(),
		"email":         orNull(r.Email),
		"name":          orNull(strings.TrimSpace(r.FirstName + " " + r.LastName)),
		"phone_number":  orNull(r.PhoneNumber),
		"status":        status,
		"gender":        map[usercom.Gender]string{usercom.GenderMale: "male", usercom.GenderFemale: "female"}[r.Gender],
		"score":         orZero(r.Score),
		"assigned_to":   orNull(r.AssignedTo),
		"notifications": r.Notifications == nil || *r.Notifications,
		"unsubscribed":  orZero(r.Unsubscribed),
		"page_views":    0,
		"created_at":    r.created.UTC(),
		"updated_at":    r.updated.UTC(),
		"city":          orNull(r.City),
		"region":        orNull(r.Region),
		"country":       orNull(r.Country),
		"timezone":      orNull(r.Timezone),
		"facebook_url":  orNull(r.FacebookURL),
		"google_url":    orNull(r.GoogleURL),
		"gravatar_url":  orNull(r.GravatarURL),
		"linkedin_url":  orNull(r.LinkedInURL),
		"twitter_url":   orNull(r.TwitterURL),
		"companies":     s.companies(r),
		"lists":         []any{},
		"tags":          s.tags(r),
		"attributes":    s.attributes(r),
	}
	if user["gender"] == "" {
		user["gender"] = "unknown"
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
