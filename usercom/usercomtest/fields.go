package usercomtest

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/usercom"
)

const (
	notNull  = "This field may not be null."
	notBlank = "This field may not be blank."
)

// fieldSetter writes a value into a user, or returns a problem in the framework's
// words.
type fieldSetter func(*User, any) (problem string)

// fields returns the attributes of vendor page "Update or create user". It is
// inference that null clears a text or a number, and that a boolean, a gender and a
// status must not be null. Version 2 of the API has other names for two of them.
func fields(version int) map[string]fieldSetter {
	all := map[string]fieldSetter{
		"assigned_to":   integer(func(u *User, n *int64) { u.AssignedTo = orZero(n) }),
		"city":          text(func(u *User) *string { return &u.City }),
		"company_id":    text(func(u *User) *string { return &u.CompanyID }),
		"country":       text(func(u *User) *string { return &u.Country }),
		"email":         text(func(u *User) *string { return &u.Email }, emailRule),
		"facebook_url":  text(func(u *User) *string { return &u.FacebookURL }),
		"first_name":    text(func(u *User) *string { return &u.FirstName }, nameRules(version)...),
		"gender":        choice(func(u *User) *usercom.Gender { return &u.Gender }),
		"google_url":    text(func(u *User) *string { return &u.GoogleURL }),
		"gravatar_url":  text(func(u *User) *string { return &u.GravatarURL }),
		"last_name":     text(func(u *User) *string { return &u.LastName }, nameRules(version)...),
		"linkedin_url":  text(func(u *User) *string { return &u.LinkedInURL }),
		"notifications": flag(func(u *User) **bool { return &u.Notifications }),
		"phone_number":  text(func(u *User) *string { return &u.PhoneNumber }, phone),
		"region":        text(func(u *User) *string { return &u.Region }),
		"score":         integer(func(u *User, n *int64) { u.Score = n }),
		"status":        choice(func(u *User) *usercom.UserStatus { return &u.Status }),
		"timezone":      text(func(u *User) *string { return &u.Timezone }),
		"twitter_url":   text(func(u *User) *string { return &u.TwitterURL }),
		"unsubscribed":  flag(func(u *User) **bool { return &u.Unsubscribed }),
		"user_id":       setUserID,
	}
	if version == 2 {
		all["custom_id"], all["company_custom_id"], all["tags"] = all["user_id"], all["company_id"], addTags
		delete(all, "user_id")
		delete(all, "company_id")
	}
	return all
}

// addTags adds tags to those of the user; vendor page "Update or create user",
// version 2, removes none.
func addTags(u *User, value any) string {
	list, ok := value.([]any)
	if !ok {
		return `Expected a list of items but got type "` + fmt.Sprintf("%T", value) + `".`
	}
	for _, item := range list {
		tag, ok := item.(string)
		if !ok {
			return "Not a valid string."
		}
		if !slices.Contains(u.Tags, tag) {
			u.Tags = append(u.Tags, tag)
		}
	}
	return ""
}

// applyFields writes the fields of a request into a copy of a user. Unknown names
// are ignored.
func applyFields(user User, sent map[string]any, version int) (User, map[string][]string) {
	user = clone(user)
	problems := make(map[string][]string)
	for name, write := range fields(version) {
		value, ok := sent[name]
		if !ok {
			continue
		}
		if problem := write(&user, value); problem != "" {
			problems[name] = []string{problem}
		}
	}
	return user, problems
}

// text accepts text, which it trims, and numbers.
func text(at func(*User) *string, rules ...func(string) string) fieldSetter {
	return func(u *User, value any) string {
		var s string
		switch value := value.(type) {
		case nil:
		case string:
			s = strings.TrimSpace(value)
		case json.Number:
			s = value.String()
		default:
			return "Not a valid string."
		}
		for _, rule := range rules {
			if problem := rule(s); s != "" && problem != "" {
				return problem
			}
		}
		*at(u) = s
		return ""
	}
}

// setUserID writes the user_id, which must not be empty.
func setUserID(u *User, value any) string {
	if value == nil {
		return notNull
	}
	write := text(func(u *User) *string { return &u.UserID })
	if problem := write(u, value); problem != "" || u.UserID != "" {
		return problem
	}
	return notBlank
}

func emailRule(s string) string {
	if parsed, err := mail.ParseAddress(s); err != nil || parsed.Address != s {
		return "Enter a valid email address."
	}
	return ""
}

// nameRules limits names to 40 characters, as only the page of version 2 does.
func nameRules(version int) []func(string) string {
	if version == 2 {
		return []func(string) string{atMost40}
	}
	return nil
}

func atMost40(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		return "Ensure this field has no more than 40 characters."
	}
	return ""
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// phone has its own text, because the vendor's is unknown.
func phone(s string) string {
	if !e164.MatchString(s) {
		return "Enter a phone number in E.164."
	}
	return ""
}

// number reads a number, also from a text.
func number(value any) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSuffix(fmt.Sprint(value), ".0"), 10, 64)
	return n, err == nil
}

func integer(write func(*User, *int64)) fieldSetter {
	return func(u *User, value any) string {
		if value == nil {
			write(u, nil)
			return ""
		}
		n, ok := number(value)
		if !ok {
			return "A valid integer is required."
		}
		write(u, &n)
		return ""
	}
}

func flag(at func(*User) **bool) fieldSetter {
	return func(u *User, value any) string {
		if value == nil {
			return notNull
		}
		b, err := strconv.ParseBool(fmt.Sprint(value))
		if err != nil {
			return "Must be a valid boolean."
		}
		*at(u) = &b
		return ""
	}
}

// choice accepts the number of a choice, and not the text that responses contain.
func choice[T interface {
	~int64
	Valid() bool
}](at func(*User) *T) fieldSetter {
	return func(u *User, value any) string {
		if value == nil {
			return notNull
		}
		n, ok := number(value)
		if !ok || !T(n).Valid() {
			return fmt.Sprintf("%q is not a valid choice.", fmt.Sprint(value))
		}
		*at(u) = T(n)
		return ""
	}
}

func orZero[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
