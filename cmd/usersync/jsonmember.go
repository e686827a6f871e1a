package main

import (
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"
)

// jsonMember is one name and value of a JSON object.
type jsonMember struct{ name, value string }

// parseObject takes an object apart, or says what is wrong with it.
func parseObject(data string) (members []jsonMember, text string) {
	if text := jsonProblem([]byte(data)); text != "" {
		return nil, text
	}
	data = strings.Trim(data, jsonSpace)
	if data[0] != '{' {
		return nil, "must be a JSON object"
	}
	for name, value := range rawMembers(data) {
		members = append(members, jsonMember{unquoteJSON(name), value})
	}
	if name, twice := duplicateName(members); twice {
		return nil, "must not hold " + printable(name) + " twice"
	}
	return members, ""
}

// jsonProblem says what keeps data from being JSON in UTF-8, if anything.
func jsonProblem(data []byte) string {
	switch {
	case !utf8.Valid(data):
		return "must be valid UTF-8"
	case json.Valid(data):
		return ""
	}
	return "must be a JSON object: " + json.Unmarshal(data, new(json.RawMessage)).Error()
}

func duplicateName(members []jsonMember) (name string, twice bool) {
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		if seen[m.name] {
			return m.name, true
		}
		seen[m.name] = true
	}
	return "", false
}

// unquoteJSON is what a JSON string says. Most say what they look like.
func unquoteJSON(quoted string) string {
	if inner := quoted[1 : len(quoted)-1]; !strings.Contains(inner, `\`) {
		return inner
	}
	var s string
	_ = json.Unmarshal([]byte(quoted), &s) // it has been found valid
	return s
}

const (
	jsonSpace      = " \t\r\n"
	jsonSeparators = jsonSpace + ",:" // what stands between names and values
	jsonEnd        = jsonSpace + ",}]"
)

// rawMembers yields the names, in their quotes, and the values of an object. The
// object must have been found valid: nothing is checked here, which is several
// times faster than a decoder.
func rawMembers(object string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		rest := strings.TrimLeft(object[1:], jsonSeparators)
		for rest[0] != '}' {
			end := stringEnd(rest)
			name := rest[:end]
			rest = strings.TrimLeft(rest[end:], jsonSeparators)
			end = valueEnd(rest)
			if !yield(name, rest[:end]) {
				return
			}
			rest = strings.TrimLeft(rest[end:], jsonSeparators)
		}
	}
}

// stringEnd is where the string ends that s begins with.
func stringEnd(s string) int {
	for i := 1; ; i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueEnd is where the value ends that s begins with.
func valueEnd(s string) int {
	switch s[0] {
	case '"':
		return stringEnd(s)
	case '{', '[':
	default:
		return strings.IndexAny(s, jsonEnd)
	}
	depth := 0
	for i := 0; ; i++ {
		switch s[i] {
		case '"':
			i += stringEnd(s[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}
