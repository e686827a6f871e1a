package usercomtest

import (
	"net/http"
	"unicode/utf8"
)

func (s *Server) setAttribute(c request) *response {
	r := s.targetUser(c)
	if r == nil {
		return notFound()
	}
	fields, refusal := decodeObject(c)
	if refusal != nil {
		return refusal
	}
	problems := make(map[string][]string)
	name, problem := attributeName(fields)
	if problem != "" {
		problems["attribute"] = []string{problem}
	}
	value, ok := fields["value"]
	if !ok {
		problems["value"] = []string{"This field is required."}
	}
	if len(problems) > 0 {
		return fieldErrorsResponse(problems)
	}
	return r.setAttributes(map[string]any{name: value})
}

func attributeName(fields map[string]any) (name, problem string) {
	value, ok := fields["attribute"]
	name, isText := value.(string)
	switch {
	case !ok:
		return "", "This field is required."
	case !isText:
		return "", "Not a valid string."
	}
	return name, attributeNameProblem(name)
}

func (s *Server) setAttributes(c request) *response {
	r := s.targetUser(c)
	if r == nil {
		return notFound()
	}
	fields, refusal := decodeObject(c)
	if refusal != nil {
		return refusal
	}
	problems := make(map[string][]string)
	for name := range fields {
		if problem := attributeNameProblem(name); problem != "" {
			problems[name] = []string{problem}
		}
	}
	if len(problems) > 0 {
		return fieldErrorsResponse(problems)
	}
	return r.setAttributes(fields)
}

// attributeNameProblem says what is wrong with the name of a custom attribute, 1 to 255
// characters (vendor page "Mass update custom attributes").
func attributeNameProblem(name string) string {
	switch {
	case name == "":
		return "This field may not be blank."
	case utf8.RuneCountInString(name) > 255:
		return "Ensure this field has no more than 255 characters."
	}
	return ""
}

// setAttributes makes the attributes the user's, of whatever type: the
// application need not know them before (the vendor's pages differ on that). The
// answer without a body is inference.
func (r *record) setAttributes(attributes map[string]any) *response {
	user := clone(r.User)
	if user.Attributes == nil {
		user.Attributes = make(map[string]any, len(attributes))
	}
	for name, value := range attributes {
		user.Attributes[name] = convertNumbers(value)
	}
	r.store(user)
	return &response{status: http.StatusOK}
}
