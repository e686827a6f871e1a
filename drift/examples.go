package main

import (
	"fmt"
	"slices"
)

const impactExample = "examples change nothing on the wire, but this one may show a change that the schema does not: check by hand"

// examples compares the shape of examples of responses. Their values are of no
// interest.
func (c *comparison) examples(current, fetched media, at location) {
	published := c.fetched.examplesOf(fetched)
	if at.direction == inRequest || len(published) == 0 {
		return
	}
	own := c.current.examplesOf(current)
	if at.direction == inResponse {
		before := c.current.schemaEnvelope(current.schema)
		if len(own) > 0 {
			before = envelope(own[0])
		}
		if after := envelope(published[0]); before != after {
			c.add(at, difference{"example", CheckByHand, "the example is now " + envelopeText(after) + ", it was " + envelopeText(before), impactExample})
		}
		return
	}
	after, before := kinds(published[0]), c.current.schemaKinds(current.schema)
	expected := min(1, len(before))
	if len(own) > 0 {
		before = kinds(own[0])
		expected = len(before)
	}
	if common(after, before) < expected {
		c.add(at, difference{"example", CheckByHand, fmt.Sprintf("the example has another shape: %s instead of %s", kindsText(after), kindsText(before)), impactExample})
	}
}

// examplesOf returns the examples of a media type or else of its schema.
func (s *spec) examplesOf(m media) []any {
	if len(m.examples) > 0 {
		return m.examples
	}
	schema := s.resolved(m.schema)
	if example, found := schema["example"]; found {
		return []any{example}
	}
	return list(schema["examples"])
}

// envelope is the field that the payload of an example is in: data, or the only
// field if it contains an object or a list. "list" is an example that is a list.
func envelope(example any) string {
	switch value := example.(type) {
	case []any:
		return "a list"
	case map[string]any:
		if _, found := value["data"]; found {
			return "data"
		}
		for name, inner := range value {
			if _, isList := inner.([]any); len(value) == 1 && (isList || isMapping(inner)) {
				return name
			}
		}
		return ""
	}
	return "no object"
}

func envelopeText(name string) string {
	switch name {
	case "":
		return "without an envelope"
	case "a list", "no object":
		return name
	}
	return "in the envelope " + name
}

// schemaEnvelope is the envelope that examples of a schema have.
func (s *spec) schemaEnvelope(schema any) string {
	v := s.schema(schema)
	if slices.Contains(v.types, "array") {
		return "a list"
	}
	if v.properties["data"] != nil {
		return "data"
	}
	for name, property := range v.properties {
		inner := s.schema(property)
		if len(v.properties) == 1 && (slices.Contains(inner.types, "object") || slices.Contains(inner.types, "array")) {
			return name
		}
	}
	return ""
}

// kinds maps the fields of an example to the kinds of their values.
func kinds(example any) map[string]string {
	object, ok := example.(map[string]any)
	if !ok {
		return map[string]string{"": kindName(typeOf(example))}
	}
	all := make(map[string]string)
	for name, value := range object {
		all[name] = kindName(typeOf(value))
	}
	return all
}

func kindName(name string) string {
	if name == "integer" {
		return "number"
	}
	return name
}

func (s *spec) schemaKinds(schema any) map[string]string {
	v := s.schema(schema)
	all := make(map[string]string)
	for name, property := range v.properties {
		all[name] = ""
		if types := s.schema(property).types; len(types) == 1 {
			all[name] = kindName(types[0])
		}
	}
	return all
}

// common counts the fields of before that after has too, with the same kind.
func common(after, before map[string]string) int {
	n := 0
	for name, kind := range before {
		if found, ok := after[name]; ok && (kind == "" || found == kind) {
			n++
		}
	}
	return n
}

func kindsText(kinds map[string]string) string {
	text := ""
	for _, name := range keys(kinds) {
		text += ", " + name + " " + kinds[name]
	}
	if text == "" {
		return "nothing"
	}
	return text[2:]
}
