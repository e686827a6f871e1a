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

// fragment is the smallest part of a document that is compared as a whole: an
// operation, what all operations of a path share, a component, or a top-level value.
type fragment struct {
	place []string // keys from the top, for example paths, /user, post
	doc   *document
	key   *yaml.Node // its key in the page, for the line number
	node  *yaml.Node
	value any
}

func (f fragment) endpoint() endpoint {
	return endpoint{strings.ToUpper(f.place[2]), f.place[1]}
}

func (f fragment) isOperation() bool {
	return len(f.place) == 3 && f.place[0] == "paths" && slices.Contains(methods, f.place[2])
}

func (f fragment) String() string {
	if f.isOperation() {
		return f.endpoint().String()
	}
	return strings.Join(f.place, ".")
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Contradiction is a part of a document that two of its pages describe differently. The
// description of the first page is compared with the specs.
type Contradiction struct {
	Place  string `json:"place"`
	First  string `json:"first"`
	Second string `json:"second"`
}

// merge combines the pages of one OpenAPI document. If two pages define the same fragment
// differently, the first one is used and the difference is a contradiction. So is a page whose
// fence names an operation that its block does not contain.
func merge(pages []*document) (map[string]fragment, []Contradiction) {
	fragments := make(map[string]fragment)
	var contradictions []Contradiction
	for _, d := range pages {
		for _, f := range fragmentsOf(d) {
			key := strings.Join(f.place, "\x00")
			first, found := fragments[key]
			if !found {
				fragments[key] = f
				continue
			}
			isNameMap := hasNameKeys(f.place)
			if place, a, b, differ := firstDifference(normalized(first.value, isNameMap), normalized(f.value, isNameMap)); differ {
				contradictions = append(contradictions, Contradiction{
					Place:  strings.TrimSuffix(f.String()+" "+place, " "),
					First:  fmt.Sprintf("%s (%s)", a, first.doc.at(first.key)),
					Second: fmt.Sprintf("%s (%s)", b, f.doc.at(f.key)),
				})
			}
		}
		if d.stated != nil && !contains(d, *d.stated) {
			contradictions = append(contradictions, Contradiction{
				Place:  d.stated.String(),
				First:  fmt.Sprintf("stated in the fence (%s: line %d)", d.from, d.offset),
				Second: "not in the block below it",
			})
		}
	}
	return fragments, contradictions
}

func contains(d *document, e endpoint) bool {
	return child(child(child(d.root, "paths"), e.path), strings.ToLower(e.method)) != nil
}

func fragmentsOf(d *document) []fragment {
	expandPathItems(d)
	var fragments []fragment
	for _, top := range keys(d.value) {
		depth := map[string]int{"paths": 3, "components": 3}[top]
		fragments = append(fragments, split(d, []string{top}, keyNode(d.root, top), child(d.root, top), d.value[top], max(depth, 1))...)
	}
	return fragments
}

// expandPathItems replaces the $ref of a path by the path item it refers to.
func expandPathItems(d *document) {
	paths := child(d.root, "paths")
	for path, item := range mapping(d.value["paths"]) {
		target := text(mapping(item)["$ref"])
		if target == "" {
			continue
		}
		value, found := (&spec{root: d.value}).lookup(target)
		node := d.root
		for _, name := range (reference{target: target}).place() {
			node = child(node, name)
		}
		if found && node != nil {
			mapping(d.value["paths"])[path] = value
			paths.Content[keyIndex(paths, path)+1] = node
		}
	}
}

// split divides a value into fragments, down to a depth.
func split(d *document, place []string, key, node *yaml.Node, value any, depth int) []fragment {
	mapping, ok := value.(map[string]any)
	if !ok || len(place) == depth {
		return []fragment{{place: place, doc: d, key: key, node: node, value: value}}
	}
	var fragments []fragment
	for _, name := range keys(mapping) {
		inner := append(slices.Clone(place), name)
		fragments = append(fragments, split(d, inner, keyNode(node, name), child(node, name), mapping[name], depth)...)
	}
	return fragments
}

// join is the opposite of split.
func join(fragments map[string]fragment) map[string]any {
	whole := make(map[string]any)
	for _, key := range keys(fragments) {
		f, into := fragments[key], whole
		for _, name := range f.place[:len(f.place)-1] {
			next, ok := into[name].(map[string]any)
			if !ok {
				next = make(map[string]any)
				into[name] = next
			}
			into = next
		}
		into[f.place[len(f.place)-1]] = f.value
	}
	return whole
}

// nameMaps are keys whose values are maps with keys of the vendor's choice.
var nameMaps = map[string]bool{
	"properties": true, "patternProperties": true, "$defs": true, "dependentSchemas": true, "responses": true,
	"headers": true, "content": true, "variables": true, "callbacks": true, "links": true, "mapping": true, "scopes": true,
	"encoding": true,
}

// Keys whose values are prose or examples, or values that are kept as they are.
var (
	proseKeys = map[string]bool{
		"description": true, "summary": true, "title": true, "example": true, "examples": true, "externalDocs": true, "$comment": true,
	}
	literals = map[string]bool{"enum": true, "const": true, "default": true, "required": true}
)

func isProse(key string) bool { return proseKeys[key] || strings.HasPrefix(key, "x-") }

// hasNameKeys reports whether the value at a place is a map with keys of the vendor's choice.
func hasNameKeys(place []string) bool { return len(place) == 1 && nameMaps[place[0]] }

// normalized returns a value without descriptions, examples and extensions, and with its
// lists sorted. isNameMap means that the keys of value are names that the vendor chose,
// such as properties: one of them may be called description, so none is removed.
func normalized(value any, isNameMap bool) any {
	switch value := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(value))
		for key, inner := range value {
			switch {
			case isNameMap:
				kept[key] = normalized(inner, false)
			case isProse(key):
			case literals[key]:
				kept[key] = sorted(inner)
			default:
				kept[key] = normalized(inner, nameMaps[key])
			}
		}
		return kept
	case []any:
		list := make([]any, 0, len(value))
		for _, inner := range value {
			list = append(list, normalized(inner, false))
		}
		return sorted(list)
	}
	return value
}

func sorted(value any) any {
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

// firstDifference finds the first place where two values differ.
func firstDifference(a, b any) (place, first, second string, differ bool) {
	left, leftOK := a.(map[string]any)
	right, rightOK := b.(map[string]any)
	if !leftOK || !rightOK {
		first, second = canonical(a), canonical(b)
		return "", first, second, first != second
	}
	for _, key := range union(left, right) {
		x, inLeft := left[key]
		y, inRight := right[key]
		switch {
		case !inLeft:
			return key, "absent", canonical(y), true
		case !inRight:
			return key, canonical(x), "absent", true
		}
		if place, first, second, differ := firstDifference(x, y); differ {
			return strings.TrimSuffix(key+"."+place, "."), first, second, true
		}
	}
	return "", "", "", false
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// union returns the keys of both maps, sorted.
func union[A, B any](a map[string]A, b map[string]B) []string {
	return slices.Compact(slices.Sorted(slices.Values(append(keys(a), keys(b)...))))
}
