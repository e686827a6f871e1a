package usercomtest

import (
	"net/http"
	"unicode/utf8"
)

func (s *Server) setAttribute(r request) *response {
	user := s.targetUser(r)
	if user == nil {
		return notFound()
	}
	fields, failed := decodeObject(r)
	if failed != nil {
		return failed
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
	return user.setAttributes(map[string]any{name: value})
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

func (s *Server) setAttributes(r request) *response {
	user := s.targetUser(r)
	if user == nil {
		return notFound()
	}
	fields, failed := decodeObject(r)
	if failed != nil {
		return failed
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
	return user.setAttributes(fields)
}

// attributeNameProblem returns the problem of the name of a custom attribute, which
// must have 1 to 255 characters (vendor page "Mass update custom attributes").
func attributeNameProblem(name string) string {
	switch {
	case name == "":
		return "This field may not be blank."
	case utf8.RuneCountInString(name) > 255:
		return "Ensure this field has no more than 255 characters."
	}
	return ""
}

// setAttributes stores the attributes, of any type. They need not exist in the
// application before (the vendor's pages differ on that). The response without a
// body is inference.
func (r *record) setAttributes(attributes map[string]any) *response {
	if len(attributes) == 0 {
		return &response{status: http.StatusOK}
	}
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
