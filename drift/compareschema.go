package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// maxDepth bounds the depth of a comparison.
const maxDepth = 40

// schemas compares two schemas that are used at one place.
func (c *comparison) schemas(current, fetched any, at location) {
	if at.depth > maxDepth {
		return
	}
	x, y := c.current.schema(current), c.fetched.schema(fetched)
	// Annotations next to a reference belong to the place, not the component.
	isLocal := func(key string) bool {
		return slices.Contains(annotations, key) && (x.local[key] || y.local[key] || x.name != "" && x.name != y.name)
	}
	for _, key := range annotations {
		if isLocal(key) {
			c.facet(key, x.facets[key], y.facets[key], at)
		}
	}
	inner := at
	if x.name != "" {
		inner = at.enter(x.name, x.name == y.name)
		if inner.shared || y.name == "" {
			inner.replaced = nil
		} else if inner.replaced == nil {
			inner.replaced = &replacement{x.name, y.name}
		}
		visit := fmt.Sprint(at.operation, at.direction, x.name, "\x00", y.name, "\x00", pointerOf(current), pointerOf(fetched))
		if x.name == y.name {
			visit = fmt.Sprint(at.operation, at.direction, x.name)
		}
		if c.visited[visit] {
			return
		}
		c.visited[visit] = true
	}
	c.schemaContents(x, y, inner, isLocal)
}

func pointerOf(value any) uintptr {
	if v := reflect.ValueOf(value); v.Kind() == reflect.Map {
		return v.Pointer()
	}
	return 0
}

func (c *comparison) schemaContents(x, y *schema, at location, isLocal func(string) bool) {
	d := at.direction
	if x.null != y.null {
		c.add(at, classifyNull(y.null, d))
	}
	if (len(x.variants) == 0) != (len(y.variants) == 0) && (len(x.types) == 0 || len(y.types) == 0) {
		c.variants(x, y, at)
		return
	}
	if !slices.Equal(x.types, y.types) && len(x.variants)+len(y.variants) == 0 {
		result := classifyType(x.types, y.types, d)
		if d == inRequest && len(y.types) > 1 { // the generator does not support it
			result.group, result.impact = Breaking, impactSchema
		}
		c.add(at, result)
		if !slices.ContainsFunc(x.types, func(t string) bool { return slices.Contains(y.types, t) }) {
			return // nothing inside is comparable
		}
	}
	if (x.enum == nil) != (y.enum == nil) || len(valuesWithout(x.enum, y.enum))+len(valuesWithout(y.enum, x.enum)) > 0 {
		c.add(at, classifyEnum(x.enum, y.enum, d))
	}
	for _, key := range union(x.facets, y.facets) {
		if !isLocal(key) {
			c.facet(key, x.facets[key], y.facets[key], at)
		}
	}
	c.properties(x, y, at)
	if x.items != nil || y.items != nil {
		c.schemas(x.items, y.items, at.descend("[]"))
	}
	if isMapping(x.additional) && isMapping(y.additional) {
		c.schemas(x.additional, y.additional, at.descend(".*"))
	} else if result, differs := classifyAdditional(x.additional, y.additional, d); differs && canonical(x.additional) != canonical(y.additional) {
		c.add(at, result)
	}
	c.variants(x, y, at)
}

func (c *comparison) facet(key string, from, to any, at location) {
	if canonical(from) == canonical(to) || at.direction == inResponse && key == "readOnly" || at.direction == inRequest && key == "writeOnly" {
		return
	}
	c.add(at, classifyFacet(key, from, to, at.direction))
}

// hiddenBy returns the annotation that excludes a property from a direction.
func (s *spec) hiddenBy(property any, d direction) string {
	facets := s.schema(property).facets
	switch {
	case d == inRequest && facets["readOnly"] == true:
		return "readOnly"
	case d.isResponse() && facets["writeOnly"] == true:
		return "writeOnly"
	}
	return ""
}

// visible are the properties that a direction has.
func (s *spec) visible(v *schema, d direction) map[string]any {
	properties := make(map[string]any)
	for name, property := range v.properties {
		if s.hiddenBy(property, d) == "" {
			properties[name] = property
		}
	}
	return properties
}

func (c *comparison) properties(x, y *schema, at location) {
	d := at.direction
	left, right := c.current.visible(x, d), c.fetched.visible(y, d)
	if c.replacedProperties(x, y, left, right, at) {
		return
	}
	for _, name := range union(left, right) {
		property, found := left[name]
		published, stays := right[name]
		switch {
		case !found:
			c.add(at, byDirection(d, classifyAddedProperty(name, y.required[name], d)))
		case !stays:
			c.add(at, classifyRemovedProperty(name, c.fetched.hiddenBy(y.properties[name], d), d))
		default:
			c.schemas(property, published, at.descend("."+name))
		}
	}
	for _, name := range union(x.required, y.required) {
		_, found := left[name]
		_, stays := right[name]
		if x.required[name] != y.required[name] && (found == stays) {
			c.add(at, classifyRequired(name, y.required[name], d))
		}
	}
}

// replacedProperties reports an object whose properties are all other ones,
// such as a response that is now inside an envelope, as one difference.
func (c *comparison) replacedProperties(x, y *schema, left, right map[string]any, at location) bool {
	if len(left) == 0 || len(right) == 0 || slices.ContainsFunc(keys(left), func(name string) bool { return right[name] != nil }) {
		return false
	}
	if len(left) == 1 && len(right) == 1 && at.direction == inRequest {
		return false // a renamed field
	}
	what := fmt.Sprintf("fields %s replaced by %s", strings.Join(keys(left), ", "), strings.Join(keys(right), ", "))
	for _, name := range keys(right) {
		if c.sameSchema(x, y, right[name]) {
			what = "now inside the field " + name
		}
	}
	c.add(at, difference{"properties", Breaking, what, impactSchema})
	return true
}

// sameSchema reports whether a property of the vendor's schema is equal to that of the spec.
func (c *comparison) sameSchema(x, y *schema, property any) bool {
	inner := c.fetched.schema(property)
	return x.name != "" && x.name == inner.name || len(x.properties) > 0 && slices.Equal(keys(x.properties), keys(inner.properties))
}

// variants compares the alternatives of oneOf and anyOf, in any order.
func (c *comparison) variants(x, y *schema, at location) {
	added := slices.Clone(y.variants)
	var removed []any
	for _, variant := range x.variants {
		i := slices.IndexFunc(added, func(other any) bool { return c.equal(variant, other, at.direction) })
		if i < 0 {
			removed = append(removed, variant)
		} else {
			added = slices.Delete(added, i, i+1)
		}
	}
	// Alternatives of one name, or a single one, are compared inside.
	for i := 0; i < len(removed); i++ {
		name := c.current.schema(removed[i]).name
		j := slices.IndexFunc(added, func(other any) bool { return name != "" && c.fetched.schema(other).name == name })
		if j < 0 && len(removed) == 1 && len(added) == 1 && len(x.variants) > 1 {
			j = 0
		}
		if j >= 0 {
			c.schemas(removed[i], added[j], at.descend(""))
			removed, added = slices.Delete(removed, i, i+1), slices.Delete(added, j, j+1)
			i--
		}
	}
	if len(removed)+len(added) > 0 {
		c.add(at, classifyVariants(len(x.variants) > 0, c.current.names(removed), c.fetched.names(added), at.direction))
	}
}

func (s *spec) names(variants []any) []string {
	var names []string
	for _, variant := range variants {
		v := s.schema(variant)
		switch {
		case v.name != "":
			names = append(names, v.name)
		case len(v.types) > 0:
			names = append(names, strings.Join(v.types, " or "))
		case len(v.required) > 0:
			names = append(names, "with "+strings.Join(keys(v.required), " and "))
		default:
			names = append(names, "of any type")
		}
	}
	return names
}

// equal reports whether two schemas mean the same.
func (c *comparison) equal(current, fetched any, d direction) bool {
	probe := newComparison(c.current, c.fetched)
	probe.schemas(current, fetched, location{direction: d})
	return len(probe.found) == 0
}
