package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what a document may hold once its aliases are followed.
const maxNodes = 1_000_000

// document is an OpenAPI document, or the part of one that a page holds.
type document struct {
	from   string    // file or address it was read from
	name   string    // of the whole document, as pages give it; "" when they do not
	holds  *endpoint // operation a page says it holds
	offset int       // lines of the page above the first one of the document
	root   *yaml.Node
	value  map[string]any
}

// endpoint is an operation's method, in capitals, and path.
type endpoint struct{ method, path string }

func (e endpoint) String() string { return e.method + " " + e.path }

// at names a place of the document by its line.
func (d *document) at(node *yaml.Node) string {
	if node == nil { // below an alias
		return d.from
	}
	return fmt.Sprintf("%s: line %d", d.from, node.Line+d.offset)
}

// parseDocument reads YAML, of which JSON is a part.
func parseDocument(from string, text []byte, offset int) (*document, error) {
	d := &document{from: from, offset: offset}
	var top yaml.Node
	if err := yaml.Unmarshal(text, &top); err != nil {
		return nil, fmt.Errorf("%s: %s", from, shiftLine(err.Error(), offset))
	}
	if len(top.Content) != 1 || top.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: line %d: not an OpenAPI document: want a mapping that begins with openapi", from, offset+1)
	}
	d.root = top.Content[0]
	budget := maxNodes
	value, err := d.decode(d.root, &budget)
	if err != nil {
		return nil, err
	}
	d.value = value.(map[string]any)
	version, _ := d.value["openapi"].(string)
	if !strings.HasPrefix(version, "3.0") && !strings.HasPrefix(version, "3.1") {
		return nil, fmt.Errorf("%s: openapi is %q, want 3.0 or 3.1", d.at(d.root), version)
	}
	return d, nil
}

// shiftLine turns the line of a YAML error into the line of the page.
func shiftLine(message string, offset int) string {
	message = strings.TrimPrefix(message, "yaml: ")
	var line int
	if _, err := fmt.Sscanf(message, "line %d:", &line); err != nil {
		return message
	}
	_, reason, _ := strings.Cut(message, ":")
	return fmt.Sprintf("line %d:%s", line+offset, reason)
}

// decode is a node as JSON would have it: keys are texts (statuses often stand
// there as numbers), and none occurs twice.
func (d *document) decode(node *yaml.Node, budget *int) (any, error) {
	if *budget--; *budget < 0 {
		return nil, fmt.Errorf("%s: more than %d nodes", d.at(node), maxNodes)
	}
	switch node.Kind {
	case yaml.AliasNode:
		return d.decode(node.Alias, budget)
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, child := range node.Content {
			value, err := d.decode(child, budget)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.MappingNode:
		return d.decodeMapping(node, budget)
	}
	return d.decodeScalar(node)
}

func (d *document) decodeMapping(node *yaml.Node, budget *int) (any, error) {
	mapping := make(map[string]any, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, fmt.Errorf("%s: a key must be a plain name", d.at(key))
		}
		if _, twice := mapping[key.Value]; twice {
			return nil, fmt.Errorf("%s: %q stands there twice", d.at(key), key.Value)
		}
		value, err := d.decode(node.Content[i+1], budget)
		if err != nil {
			return nil, err
		}
		mapping[key.Value] = value
	}
	return mapping, nil
}

func (d *document) decodeScalar(node *yaml.Node) (any, error) {
	switch node.Tag {
	case "!!str", "!!timestamp":
		return node.Value, nil
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, fmt.Errorf("%s: %w", d.at(node), errors.Unwrap(err))
	}
	return value, nil
}

// child returns the value of a key of a mapping, or nil.
func child(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// position is where the value of a key begins: at the key.
func position(node *yaml.Node, key string) *yaml.Node {
	if node != nil && node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return node.Content[i]
			}
		}
	}
	return node
}

// short is a value for a report.
func short(value any) string {
	if text, ok := value.(string); ok {
		return strconv.Quote(text)
	}
	return fmt.Sprint(value)
}
