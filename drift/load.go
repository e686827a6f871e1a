package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// load resolves a document. What cannot be read is taken out, with everything
// that refers to it, and told with line and reason; operations that went that
// way are returned, for they are neither there nor gone.
func load(units map[string]unit) (doc *openapi3.T, unread []endpoint, problems []error) {
	bad := make(map[string]error)
	for _, key := range keys(units) {
		if err := faulty(units, units[key]); err != nil {
			bad[key] = err
			problems = append(problems, err)
		}
	}
	for spread := true; spread; {
		spread = false
		for _, key := range keys(units) {
			if bad[key] == nil && slices.ContainsFunc(references(units[key].node), func(r reference) bool { return bad[r.unit()] != nil }) {
				bad[key] = errSpread
				spread = true
			}
		}
	}
	sound := make(map[string]unit)
	for _, key := range keys(units) {
		u := units[key]
		if bad[key] == nil {
			sound[key] = u
		} else if u.isOperation() {
			unread = append(unread, u.endpoint())
		}
	}
	text, err := json.Marshal(join(sound))
	if err != nil {
		return nil, unread, append(problems, err)
	}
	loader := openapi3.NewLoader()
	doc, err = loader.LoadFromData(text)
	if err != nil {
		return nil, unread, append(problems, fmt.Errorf("the document does not load: %w", err))
	}
	if doc.Paths == nil {
		doc.Paths = openapi3.NewPaths()
	}
	return doc, unread, problems
}

// errSpread marks what refers to something that cannot be read.
var errSpread = errors.New("refers to what cannot be read")

// faulty tells why a unit cannot be read by itself, with the line.
func faulty(units map[string]unit, u unit) error {
	for _, r := range references(u.node) {
		if !strings.HasPrefix(r.target, "#/") {
			return fmt.Errorf("%s: %s refers to another document: %s", u.doc.at(r.node), u, r.target)
		}
		if !r.resolves(units) {
			return fmt.Errorf("%s: %s refers to %s, which is not there", u.doc.at(r.node), u, r.target)
		}
	}
	target := targetOf(u)
	if target == nil {
		return nil
	}
	text, err := json.Marshal(u.value)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", u.doc.at(u.key), u, err)
	}
	if err := json.Unmarshal(text, target); err != nil {
		at := u.key
		if node := faultySchema(u.doc, u.node); node != nil {
			at = node
		}
		return fmt.Errorf("%s: %s: %s", u.doc.at(at), u, reason(err))
	}
	return nil
}

// targetOf is what a unit is read into.
func targetOf(u unit) any {
	if u.isOperation() {
		return new(openapi3.Operation)
	}
	switch u.place[0] {
	case "servers":
		return new(openapi3.Servers)
	case "security":
		return new(openapi3.SecurityRequirements)
	case "tags":
		return new(openapi3.Tags)
	case "info":
		return new(openapi3.Info)
	case "paths":
		if len(u.place) == 3 && u.place[2] == "parameters" {
			return new(openapi3.Parameters)
		}
	case "components":
		if len(u.place) == 3 {
			return map[string]any{
				"schemas": new(openapi3.SchemaRef), "responses": new(openapi3.ResponseRef), "parameters": new(openapi3.ParameterRef),
				"headers": new(openapi3.HeaderRef), "requestBodies": new(openapi3.RequestBodyRef),
				"securitySchemes": new(openapi3.SecuritySchemeRef), "examples": new(openapi3.ExampleRef),
			}[u.place[1]]
		}
	}
	return nil
}

// faultySchema finds the innermost schema that cannot be read.
func faultySchema(d *document, node *yaml.Node) *yaml.Node {
	for _, inner := range node.Content {
		if found := faultySchema(d, inner); found != nil {
			return found
		}
	}
	if node.Kind != yaml.MappingNode || child(node, "type") == nil && child(node, "properties") == nil {
		return nil
	}
	budget := maxNodes
	value, err := d.decode(node, &budget)
	if err != nil {
		return node
	}
	text, err := json.Marshal(value)
	if err != nil || json.Unmarshal(text, new(openapi3.SchemaRef)) != nil {
		return node
	}
	return nil
}

// reason is the last line of an error: the ones above repeat where.
func reason(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// reference is a $ref and where it stands.
type reference struct {
	target string
	node   *yaml.Node
}

// unit is the key of the unit that the target is in.
func (r reference) unit() string {
	place := r.place()
	return strings.Join(place[:min(len(place), 3)], "\x00")
}

func (r reference) place() []string {
	unescape := strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}")
	var place []string
	for name := range strings.SplitSeq(strings.TrimPrefix(r.target, "#/"), "/") {
		place = append(place, unescape.Replace(name))
	}
	return place
}

func (r reference) resolves(units map[string]unit) bool {
	u, found := units[r.unit()]
	if !found {
		return false
	}
	value := u.value
	for _, name := range r.place()[min(len(r.place()), 3):] {
		mapping, ok := value.(map[string]any)
		if !ok {
			return false
		}
		if value, ok = mapping[name]; !ok {
			return false
		}
	}
	return true
}

// references are the $refs below a node.
func references(node *yaml.Node) []reference {
	var found []reference
	if node == nil {
		return nil
	}
	if node.Kind == yaml.MappingNode {
		if target := child(node, "$ref"); target != nil && target.Kind == yaml.ScalarNode {
			found = append(found, reference{target.Value, target})
		}
	}
	for _, inner := range node.Content {
		found = append(found, references(inner)...)
	}
	return found
}
