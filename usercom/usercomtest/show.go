package usercomtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usersync/usersync/usercom"
)

// show renders a user as answers have it: one name, words for gender and status,
// custom attributes in a list, null for what is not set. What a user is whom
// nothing was said of, a visitor of unknown gender who has not unsubscribed, is
// inference.
func (s *Server) show(r *record) map[string]any {
	status := usercom.UserStatusNameVisitor
	if r.Status == usercom.UserStatusUser {
		status = usercom.UserStatusNameUser
	}
	shown := map[string]any{
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
		"tags":          []any{},
		"attributes":    s.attributes(r),
	}
	if shown["gender"] == "" {
		shown["gender"] = "unknown"
	}
	for _, name := range []string{"first_seen", "last_seen", "last_contacted", "last_ip", "browser", "browser_language", "os_type", "resolution"} {
		shown[name] = nil // what a visit to the web site would fill in
	}
	return shown
}

// key is the value of the vendor's cookie, 12 characters.
func (r *record) key() string { return fmt.Sprintf("fake%08d", r.ID) }

func (s *Server) companies(r *record) []any {
	if r.CompanyID == "" {
		return []any{}
	}
	return []any{map[string]any{"id": s.idFor("company", r.CompanyID), "name": r.CompanyID, "member_since": nil}}
}

// attributes lists what was ever set. One name serves as both of the vendor's.
func (s *Server) attributes(r *record) []any {
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		list = append(list, map[string]any{
			"id": s.idFor("attribute", name), "name": name, "name_std": name, "value": r.Attributes[name],
		})
	}
	return list
}

// orNull returns v for an answer, or null when it is the zero value.
func orNull[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}
