package usercom

import (
	"strings"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/wrapper"
)

// maxName is the maximum length of a first or last name, in characters (vendor page
// "Update or create user", version 2).
const maxName = 40

func checkID(operation string, id int64) error {
	var p check.Problems
	p.Positive("id", id)
	return p.Err(provider, operation)
}

// checkFields checks the fields that are set.
func checkFields(p *check.Problems, r UpdateUserRequest, version int) {
	if r.UserID != nil {
		p.Required("user_id", *r.UserID)
		if strings.TrimSpace(*r.UserID) != "" {
			p.Key("user_id", *r.UserID)
		}
	}
	for _, f := range [...]struct {
		name string
		text *string
	}{
		{"city", r.City}, {"company_id", r.CompanyID}, {"country", r.Country},
		{"email", r.Email}, {"facebook_url", r.FacebookURL}, {"first_name", r.FirstName},
		{"google_url", r.GoogleURL}, {"gravatar_url", r.GravatarURL}, {"last_name", r.LastName},
		{"linkedin_url", r.LinkedInURL}, {"phone_number", r.PhoneNumber}, {"region", r.Region},
		{"timezone", r.Timezone}, {"twitter_url", r.TwitterURL},
	} {
		p.Text(f.name, wrapper.Deref(f.text))
	}
	p.Key("company_id", wrapper.Deref(r.CompanyID))
	p.Email("email", wrapper.Deref(r.Email))
	p.Phone("phone_number", wrapper.Deref(r.PhoneNumber))
	if version == 2 {
		p.MaxLength("first_name", wrapper.Deref(r.FirstName), maxName)
		p.MaxLength("last_name", wrapper.Deref(r.LastName), maxName)
	}
	if r.Gender != nil && !r.Gender.Valid() {
		p.Add("gender", "must be 1 (unknown), 2 (male) or 3 (female)")
	}
	if r.Status != nil && !r.Status.Valid() {
		p.Add("status", "must be 1 (visitor) or 2 (user)")
	}
	if r.AssignedTo != nil {
		p.Positive("assigned_to", *r.AssignedTo)
	}
}
