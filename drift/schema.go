package main

import (
	"maps"
	"slices"
	"strings"
)

// schema is what a schema means, in one form for everything that can be written
// in several: 3.0's nullable and 3.1's type lists and unions with null, allOf,
// references and inline schemas, const and enum.
type schema struct {
	name       string          // component it refers to, "" if it is inline
	local      map[string]bool // keywords written next to the reference
	types      []string
	null       bool
	enum       []any
	facets     map[string]any // other keywords with a plain value
	properties map[string]any // schemas
	required   map[string]bool
	items      any // schema
	additional any // schema or false; nil allows anything
	variants   []any
}

// Annotations apply to the place of a reference, not to the component.
var annotations = []string{"deprecated", "readOnly", "writeOnly", "default"}

// Formats without an effect on the clients: the generated types are the same.
var plainFormats = []string{"int32", "int64", "float", "double", "password"}

// schema returns the one form of a schema.
func (s *spec) schema(raw any) *schema { return s.schemaAt(raw, nil) }

// schemaAt follows references and allOf, except for those that it came through.
func (s *spec) schemaAt(raw any, through []string) *schema {
	v := &schema{facets: make(map[string]any), properties: make(map[string]any), required: make(map[string]bool)}
	if raw == false {
		v.facets["not"] = map[string]any{}
	}
	fields := mapping(raw)
	ref := text(fields["$ref"])
	if len(fields) == 0 || slices.Contains(through, ref) {
		v.null = true
		return v
	}
	if ref != "" {
		through = append(slices.Clone(through), ref)
	}
	for _, key := range keys(fields) {
		v.read(key, fields[key], fields)
	}
	var members []*schema
	if ref != "" {
		target, _ := s.lookup(ref)
		member := s.schemaAt(target, through)
		if name := componentOf(ref); name != "" && (member.name == "" || len(member.local) > 0) {
			member.name = name
		}
		member.local = nil
		if len(fields) == 1 {
			return member
		}
		members = append(members, member)
	}
	for _, part := range append(list(fields["allOf"]), s.readVariants(v, fields, through)...) {
		members = append(members, s.schemaAt(part, through))
	}
	v.addAll(members)
	v.infer()
	return v
}

// componentOf is the name of the component that a $ref points to.
func componentOf(ref string) string {
	name, found := strings.CutPrefix(ref, "#/components/schemas/")
	if !found || strings.Contains(name, "/") {
		return ""
	}
	return name
}

// read takes over one keyword.
func (v *schema) read(key string, value any, fields map[string]any) {
	switch key {
	case "type":
		names := list(value)
		if name, ok := value.(string); ok {
			names = []any{name}
		}
		for _, name := range names {
			if name == "null" {
				v.null = true
			} else {
				v.types = append(v.types, text(name))
			}
		}
		slices.Sort(v.types)
		if len(v.types) == 0 && v.null {
			v.types = []string{"null"}
		}
	case "nullable":
		v.null = v.null || value == true
	case "enum":
		v.addValues(list(value))
	case "const":
		v.addValues([]any{value})
	case "properties":
		maps.Copy(v.properties, mapping(value))
	case "required":
		for _, name := range list(value) {
			v.required[text(name)] = true
		}
	case "items":
		v.items = value
	case "additionalProperties":
		if value != true && !(isMapping(value) && len(mapping(value)) == 0) {
			v.additional = value
		}
	case "format":
		if !slices.Contains(plainFormats, text(value)) {
			v.facets[key] = value
		}
	case "contentEncoding":
		if value == "base64" {
			v.facets["format"] = "byte"
		}
	case "contentMediaType":
		if value == "application/octet-stream" {
			v.facets["format"] = "binary"
		}
	case "exclusiveMinimum", "exclusiveMaximum":
		limit := strings.Replace(strings.ToLower(key), "exclusive", "", 1)
		if value == true { // 3.0
			v.facets[key] = fields[limit]
			delete(v.facets, limit)
		} else if value != false {
			v.facets[key] = value
		}
	case "minimum", "maximum":
		exclusive := "exclusiveM" + strings.TrimPrefix(key, "m")
		if fields[exclusive] != true {
			v.facets[key] = value
		}
	case "$ref", "allOf", "oneOf", "anyOf", "$id", "$schema", "$anchor", "$defs", "xml":
	case "default":
		if value != nil {
			v.facets[key] = value
		}
	default:
		if !isProse(key) && value != false && !(strings.HasPrefix(key, "min") && value == 0.0) {
			v.facets[key] = normalized(value, nameMaps[key])
		}
	}
}

func isMapping(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

func (v *schema) addValues(values []any) {
	if v.enum == nil {
		v.enum = []any{}
	}
	for _, value := range values {
		if value == nil {
			v.null = true
		} else if !containsValue(v.enum, value) {
			v.enum = append(v.enum, value)
		}
	}
}

func containsValue(values []any, value any) bool {
	return slices.ContainsFunc(values, func(v any) bool { return canonical(v) == canonical(value) })
}

// readVariants reads oneOf and anyOf. The alternative null makes the schema
// nullable, a single other one is returned as a part of it, and alternatives
// that are mere types or values become a list of types or values.
func (s *spec) readVariants(v *schema, fields map[string]any, through []string) (parts []any) {
	for _, key := range []string{"oneOf", "anyOf"} {
		var others []any
		types, values := true, true
		for _, variant := range list(fields[key]) {
			inner := s.schemaAt(variant, through)
			if inner.onlyNull() {
				v.null = true
				continue
			}
			plain := len(inner.facets)+len(inner.properties)+len(inner.variants) == 0 && inner.items == nil && inner.additional == nil
			types = types && plain && inner.enum == nil && len(inner.types) > 0 && !slices.Contains(inner.types, "object") && !slices.Contains(inner.types, "array")
			values = values && plain && inner.enum != nil
			others = append(others, variant)
		}
		switch {
		case len(others) == 1:
			parts = append(parts, others[0])
		case len(others) > 1 && (types && v.types == nil || values && v.enum == nil):
			for _, variant := range others {
				inner := s.schemaAt(variant, through)
				v.null = v.null || inner.null
				v.types = append(v.types, inner.types...)
				if values {
					v.addValues(inner.enum)
				}
			}
			slices.Sort(v.types)
			v.types = slices.Compact(v.types)
		default:
			v.variants = append(v.variants, others...)
		}
	}
	return parts
}

func (v *schema) onlyNull() bool {
	return slices.Equal(v.types, []string{"null"}) || v.null && v.enum != nil && len(v.enum) == 0
}

// addAll adds the members of an allOf. With a single one that is a component, the
// schema is a reference to it.
func (v *schema) addAll(members []*schema) {
	if len(members) == 0 {
		return
	}
	own := make(map[string]bool)
	for key := range v.facets {
		own[key] = true
	}
	structural := len(v.properties)+len(v.required)+len(v.variants) > 0 || v.items != nil || v.additional != nil || v.enum != nil
	null := len(v.types) == 0
	for _, member := range members {
		null = null && member.null
		if len(members) == 1 && !structural {
			v.name, v.local = member.name, own
		}
		v.add(member)
	}
	v.null = v.null || null
}

// add restricts v by another schema that must be met as well.
func (v *schema) add(member *schema) {
	switch {
	case v.types == nil:
		v.types = member.types
	case member.types != nil:
		both := slices.DeleteFunc(slices.Clone(v.types), func(t string) bool { return !slices.Contains(member.types, t) })
		if len(both) > 0 {
			v.types = both
		}
	}
	switch {
	case v.enum == nil:
		v.enum = member.enum
	case member.enum != nil:
		v.enum = slices.DeleteFunc(slices.Clone(v.enum), func(value any) bool { return !containsValue(member.enum, value) })
	}
	for key, value := range member.facets {
		if _, own := v.facets[key]; !own {
			v.facets[key] = value
		}
	}
	for name, property := range member.properties {
		v.properties[name] = bothOf(v.properties[name], property)
	}
	for name := range member.required {
		v.required[name] = true
	}
	v.items = bothOf(v.items, member.items)
	v.additional = bothOf(v.additional, member.additional)
	v.variants = append(v.variants, member.variants...)
}

func bothOf(a, b any) any {
	if a == nil || canonical(a) == canonical(b) {
		return b
	}
	if b == nil || a == false {
		return a
	}
	if b == false {
		return b
	}
	return map[string]any{"allOf": []any{a, b}}
}

// infer adds the type if the other keywords imply it. A schema without any
// restriction also allows null.
func (v *schema) infer() {
	if len(v.types) > 0 {
		return
	}
	switch {
	case len(v.properties) > 0 || v.additional != nil:
		v.types = []string{"object"}
	case v.items != nil:
		v.types = []string{"array"}
	case len(v.enum) > 0:
		for _, value := range v.enum {
			if name := typeOf(value); !slices.Contains(v.types, name) {
				v.types = append(v.types, name)
			}
		}
		slices.Sort(v.types)
	case v.enum == nil && len(v.variants) == 0 && len(v.facets) == 0:
		v.null = true
	}
}

func typeOf(value any) string {
	switch value := value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
