package main

import "strings"

// spot is where in the document a difference is.
type spot struct {
	operation string
	request   bool   // else an answer, or neither
	answer    bool   // of a server
	where     string // "request application/json", "schema Lang"
	field     string // .pricing.id
	mandatory func(kind, name string) bool
}

func (s spot) String() string {
	place := s.where
	if s.field != "" {
		place = strings.TrimSpace(place + " " + strings.TrimPrefix(s.field, "."))
	}
	return place
}

// below is a spot one step down, by the kind of the step and, in a map, the name.
func below(at spot, kind, name string) spot {
	switch {
	case kind == "requestBody":
		at.request, at.where = true, "request"
	case kind == "responses" && name != "":
		at.answer, at.where = true, "answer "+name
	case kind == "parameters" && name != "":
		at.request = true
		at.where = strings.TrimSpace(strings.TrimPrefix(at.where, "parameter")) // location, then name
		at.where = "parameter " + strings.TrimSpace(at.where+" "+name)
	case kind == "headers" && name != "":
		at.where += " header " + name
	case kind == "properties" && name != "":
		at.field += "." + name
	case kind == "items":
		at.field += "[]"
	case kind == "additionalProperties":
		at.field += ".*"
	case name != "":
		at.where = strings.TrimSpace(at.where + " " + name)
	}
	return at
}
