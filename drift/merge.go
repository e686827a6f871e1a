package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// unit is what a page holds whole or not at all: an operation, what all
// operations of a path share, a component, or something at the top.
type unit struct {
	place []string // keys from the top, say paths, /user, post
	doc   *document
	key   *yaml.Node // where it begins
	node  *yaml.Node
	value any
}

func (u unit) endpoint() endpoint {
	return endpoint{strings.ToUpper(u.place[2]), u.place[1]}
}

func (u unit) isOperation() bool {
	return len(u.place) == 3 && u.place[0] == "paths" && slices.Contains(methods, u.place[2])
}

func (u unit) String() string {
	if u.isOperation() {
		return u.endpoint().String()
	}
	return strings.Join(u.place, ".")
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Contradiction is a part of a document that two of its pages tell differently.
// The first page is the one that is compared.
type Contradiction struct {
	Place  string `json:"place"`
	First  string `json:"first"`
	Second string `json:"second"`
}

// merge puts the pages of one document together.
func merge(docs []*document) (map[string]unit, []Contradiction) {
	units := make(map[string]unit)
	var contradictions []Contradiction
	for _, d := range docs {
		for _, u := range unitsOf(d) {
			key := strings.Join(u.place, "\x00")
			have, found := units[key]
			if !found {
				units[key] = u
				continue
			}
			if place, first, second, differ := difference(essence(have.value, named(u.place)), essence(u.value, named(u.place))); differ {
				contradictions = append(contradictions, Contradiction{
					Place:  strings.TrimSuffix(u.String()+" "+place, " "),
					First:  fmt.Sprintf("%s (%s)", first, have.doc.at(have.key)),
					Second: fmt.Sprintf("%s (%s)", second, u.doc.at(u.key)),
				})
			}
		}
		if d.holds != nil && !holds(d, *d.holds) {
			contradictions = append(contradictions, Contradiction{
				Place:  d.holds.String(),
				First:  fmt.Sprintf("announced (%s: line %d)", d.from, d.offset),
				Second: "not in the block that follows",
			})
		}
	}
	return units, contradictions
}

func holds(d *document, e endpoint) bool {
	return child(child(child(d.root, "paths"), e.path), strings.ToLower(e.method)) != nil
}

func unitsOf(d *document) []unit {
	var units []unit
	for _, top := range keys(d.value) {
		depth := map[string]int{"paths": 3, "components": 3}[top]
		units = append(units, split(d, []string{top}, position(d.root, top), child(d.root, top), d.value[top], max(depth, 1))...)
	}
	return units
}

// split takes a value apart down to a depth.
func split(d *document, place []string, key, node *yaml.Node, value any, depth int) []unit {
	mapping, ok := value.(map[string]any)
	if !ok || len(place) == depth {
		return []unit{{place: place, doc: d, key: key, node: node, value: value}}
	}
	var units []unit
	for _, name := range keys(mapping) {
		inner := append(slices.Clone(place), name)
		units = append(units, split(d, inner, position(node, name), child(node, name), mapping[name], depth)...)
	}
	return units
}

// join is the opposite of split.
func join(units map[string]unit) map[string]any {
	whole := make(map[string]any)
	for _, key := range keys(units) {
		u, into := units[key], whole
		for _, name := range u.place[:len(u.place)-1] {
			next, ok := into[name].(map[string]any)
			if !ok {
				next = make(map[string]any)
				into[name] = next
			}
			into = next
		}
		into[u.place[len(u.place)-1]] = u.value
	}
	return whole
}

// Keys whose values map names of the vendor's choice to something.
var nameMaps = map[string]bool{
	"properties": true, "patternProperties": true, "$defs": true, "dependentSchemas": true, "responses": true,
	"headers": true, "content": true, "variables": true, "callbacks": true, "links": true, "mapping": true, "scopes": true,
}

// Keys whose values are prose or examples, or values that are kept as they are.
var (
	prose    = map[string]bool{"description": true, "summary": true, "title": true, "example": true, "examples": true}
	literals = map[string]bool{"enum": true, "const": true, "default": true, "required": true}
)

func named(place []string) bool { return len(place) == 1 && nameMaps[place[0]] }

// essence is a value without descriptions, examples and extensions, and with
// its lists in one order. A property may well be called description.
func essence(value any, names bool) any {
	switch value := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(value))
		for key, inner := range value {
			switch {
			case names:
				kept[key] = essence(inner, false)
			case prose[key] || strings.HasPrefix(key, "x-"):
			case literals[key]:
				kept[key] = ordered(inner)
			default:
				kept[key] = essence(inner, nameMaps[key])
			}
		}
		return kept
	case []any:
		list := make([]any, 0, len(value))
		for _, inner := range value {
			list = append(list, essence(inner, false))
		}
		return ordered(list)
	}
	return value
}

func ordered(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int { return cmp.Compare(canonical(a), canonical(b)) })
	return list
}

func canonical(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// difference finds the first place where two values differ.
func difference(a, b any) (place, first, second string, differ bool) {
	left, leftOK := a.(map[string]any)
	right, rightOK := b.(map[string]any)
	if !leftOK || !rightOK {
		first, second = canonical(a), canonical(b)
		return "", first, second, first != second
	}
	for _, key := range slices.Compact(slices.Sorted(slices.Values(append(keys(left), keys(right)...)))) {
		x, inLeft := left[key]
		y, inRight := right[key]
		switch {
		case !inLeft:
			return key, "absent", canonical(y), true
		case !inRight:
			return key, canonical(x), "absent", true
		}
		if place, first, second, differ := difference(x, y); differ {
			return strings.TrimSuffix(key+"."+place, "."), first, second, true
		}
	}
	return "", "", "", false
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
