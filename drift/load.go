package main

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// spec is an OpenAPI document and its operations.
type spec struct {
	root       map[string]any
	operations map[endpoint]*operation
	// unreadable operations are in the document, but something they need is
	// invalid. The text states what, with the line.
	unreadable map[endpoint]string
	servers    []server
	security   any
	schemes    map[string]any
}

// load reads the operations of a document. An operation that refers to anything
// invalid is left out and listed as unreadable; the rest is compared.
func load(fragments map[string]fragment) *spec {
	s := &spec{operations: make(map[endpoint]*operation), unreadable: make(map[endpoint]string)}
	invalid := make(map[string]error)
	valid := make(map[string]fragment)
	for _, key := range keys(fragments) {
		if err := checkFragment(fragments[key]); err != nil {
			invalid[key] = err
		} else {
			valid[key] = fragments[key]
		}
	}
	s.root = join(valid)
	s.servers = serversOf(s.root["servers"])
	s.security = s.root["security"]
	s.schemes = mapping(mapping(s.root["components"])["securitySchemes"])
	for _, key := range keys(fragments) {
		f := fragments[key]
		if !f.isOperation() {
			continue
		}
		e := f.endpoint()
		if err := s.problemOf(fragments, invalid, key); err != nil {
			s.unreadable[e] = err.Error()
			continue
		}
		s.operations[e] = s.operation(e, mapping(f.value))
	}
	return s
}

// loadDocument reads a document that is in one file.
func loadDocument(from string, text []byte) (*spec, error) {
	d, err := parseDocument(from, text, 0)
	if err != nil {
		return nil, err
	}
	fragments, _ := merge([]*document{d})
	s := load(fragments)
	for _, e := range sortedEndpoints(s.unreadable) {
		return nil, fmt.Errorf("%s", s.unreadable[e])
	}
	return s, nil
}

// problemOf returns why an operation cannot be read: its own fragment, what all
// operations of its path share, or anything it refers to.
func (s *spec) problemOf(fragments map[string]fragment, invalid map[string]error, key string) error {
	place := fragments[key].place
	queue := []string{key}
	for _, shared := range []string{"parameters", "servers"} {
		if name := strings.Join([]string{place[0], place[1], shared}, "\x00"); fragments[name].doc != nil {
			queue = append(queue, name)
		}
	}
	for i := 0; i < len(queue); i++ {
		if err := invalid[queue[i]]; err != nil {
			return err
		}
		f := fragments[queue[i]]
		for _, r := range references(f.node, expectedKind(f.place)) {
			next := r.fragment()
			if err := invalid[next]; err != nil {
				return err
			}
			if err := r.check(s, f); err != nil {
				return err
			}
			if _, found := fragments[next]; found && !slices.Contains(queue, next) {
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// reference is a $ref, its node and the kind of object that its place needs.
type reference struct {
	target string
	node   *yaml.Node
	kind   string
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}", "%2F", "/")

// place is the path of keys that the reference points to.
func (r reference) place() []string {
	var place []string
	for name := range strings.SplitSeq(strings.TrimPrefix(r.target, "#/"), "/") {
		place = append(place, unescapePointer.Replace(name))
	}
	return place
}

// fragment is the key of the fragment that the target is in.
func (r reference) fragment() string {
	place := r.place()
	return strings.Join(place[:min(len(place), 3)], "\x00")
}

// check returns an error if the target is missing or of another kind.
func (r reference) check(s *spec, f fragment) error {
	at := f.doc.at(r.node)
	if !strings.HasPrefix(r.target, "#/") {
		return fmt.Errorf("%s: %s refers to another document: %s", at, f, r.target)
	}
	target, found := s.lookup(r.target)
	if !found {
		return fmt.Errorf("%s: %s refers to %s, which does not exist", at, f, r.target)
	}
	place := r.place()
	if place[0] == "components" && len(place) == 3 && r.kind != "" && place[1] != r.kind {
		return fmt.Errorf("%s: %s refers to %s, but needs one of components/%s", at, f, r.target, r.kind)
	}
	if object, ok := target.(map[string]any); !ok && r.kind != "schemas" {
		return fmt.Errorf("%s: %s refers to %s, which is not a mapping", at, f, r.target)
	} else if r.kind == "parameters" && object["$ref"] == nil && (object["name"] == nil || object["in"] == nil) {
		return fmt.Errorf("%s: %s refers to %s, which is not a parameter", at, f, r.target)
	}
	return nil
}

// expectedKind is the kind of component that a fragment is.
func expectedKind(place []string) string {
	switch {
	case place[0] == "components" && len(place) == 3:
		return place[1]
	case len(place) == 3 && place[2] == "parameters":
		return "parameters"
	}
	return ""
}

// Kinds of components by the key that contains one, a list or a map of them.
var kindOfKey = map[string]string{
	"parameters": "parameters", "requestBody": "requestBodies", "responses": "responses", "headers": "headers", "examples": "examples",
	"schema": "schemas", "items": "schemas", "properties": "schemas", "additionalProperties": "schemas", "allOf": "schemas",
	"oneOf": "schemas", "anyOf": "schemas", "not": "schemas", "links": "links", "callbacks": "callbacks",
}

// references are the $refs below a node. kind is the kind of component that the
// node itself must be; examples and literal values are not searched.
func references(node *yaml.Node, kind string) []reference {
	var found []reference
	if node == nil {
		return nil
	}
	switch node.Kind {
	case yaml.AliasNode:
		return references(node.Alias, kind)
	case yaml.SequenceNode:
		for _, inner := range node.Content {
			found = append(found, references(inner, kind)...)
		}
		return found
	case yaml.ScalarNode:
		return nil
	}
	if target := child(node, "$ref"); target != nil && target.Kind == yaml.ScalarNode {
		found = append(found, reference{target.Value, target, kind})
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		switch {
		case key == "example" || key == "default" && kind != "responses" || key == "enum" || key == "const" || key == "examples" || strings.HasPrefix(key, "x-"):
		case nameMaps[key] && value.Kind == yaml.MappingNode:
			for j := 1; j < len(value.Content); j += 2 {
				found = append(found, references(value.Content[j], kindOfKey[key])...)
			}
		default:
			found = append(found, references(value, kindOfKey[key])...)
		}
	}
	return found
}

// lookup returns the value that a $ref points to.
func (s *spec) lookup(ref string) (any, bool) {
	var value any = s.root
	for _, name := range (reference{target: ref}).place() {
		switch container := value.(type) {
		case map[string]any:
			inner, found := container[name]
			if !found {
				return nil, false
			}
			value = inner
		case []any:
			var index int
			if _, err := fmt.Sscanf(name, "%d", &index); err != nil || index < 0 || index >= len(container) {
				return nil, false
			}
			value = container[index]
		default:
			return nil, false
		}
	}
	return value, true
}

// resolved follows the $refs of an object that is not a schema.
func (s *spec) resolved(value any) map[string]any {
	object := mapping(value)
	for range 20 { // longer chains are circles
		ref, ok := object["$ref"].(string)
		if !ok {
			break
		}
		target, _ := s.lookup(ref)
		object = mapping(target)
	}
	return object
}

// mapping returns value as a mapping; anything else is an empty one.
func mapping(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

func text(value any) string {
	t, _ := value.(string)
	return t
}
