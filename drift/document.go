package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds the nodes of a document after its aliases are expanded.
const maxNodes = 1_000_000

// document is an OpenAPI document, or the part of one that a page contains.
type document struct {
	from   string    // file or URL it was read from
	name   string    // name of the whole document, if the page states it
	stated *endpoint // operation that the fence of the page names
	offset int       // lines of the page above the first line of the document
	root   *yaml.Node
	value  map[string]any
}

// endpoint is the method, in capitals, and the path of an operation.
type endpoint struct{ method, path string }

func (e endpoint) String() string { return e.method + " " + e.path }

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// shape is the endpoint without the names of its path parameters.
func (e endpoint) shape() string {
	return e.method + " " + pathParameter.ReplaceAllString(e.path, "{}")
}

// at returns the file or URL and the line of a node.
func (d *document) at(node *yaml.Node) string {
	if node == nil { // below an alias
		return d.from
	}
	return fmt.Sprintf("%s: line %d", d.from, node.Line+d.offset)
}

var supportedVersion = regexp.MustCompile(`^3\.[0-2](\.|$)`)

var byteOrderMark = []byte("\uFEFF")

// parseDocument reads YAML or JSON.
func parseDocument(from string, text []byte, offset int) (*document, error) {
	d := &document{from: from, offset: offset}
	var top yaml.Node
	if err := yaml.Unmarshal(bytes.TrimPrefix(text, byteOrderMark), &top); err != nil {
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
	version := fmt.Sprint(d.value["openapi"])
	if !supportedVersion.MatchString(version) {
		return nil, fmt.Errorf("%s: openapi is %q, want 3.0, 3.1 or 3.2", d.at(d.root), version)
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

// decode returns the value of a node as JSON would contain it: keys are texts
// (statuses are often numbers in YAML) and numbers are float64.
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
	inherited := make(map[string]any)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		value, err := d.decode(node.Content[i+1], budget)
		if err != nil {
			return nil, err
		}
		switch _, duplicate := mapping[key.Value]; {
		case key.Tag == "!!merge":
			if err := mergeKey(inherited, value); err != nil {
				return nil, fmt.Errorf("%s: %w", d.at(key), err)
			}
			continue
		case key.Kind != yaml.ScalarNode:
			return nil, fmt.Errorf("%s: a key must be a plain name", d.at(key))
		case duplicate:
			return nil, fmt.Errorf("%s: duplicate key %q", d.at(key), key.Value)
		}
		mapping[key.Value] = value
	}
	for key, value := range inherited {
		if _, own := mapping[key]; !own {
			mapping[key] = value
		}
	}
	return mapping, nil
}

// mergeKey adds the value of a YAML merge key (<<), a mapping or a list of them.
func mergeKey(inherited map[string]any, value any) error {
	sources, isList := value.([]any)
	if !isList {
		sources = []any{value}
	}
	for _, source := range sources {
		fields, ok := source.(map[string]any)
		if !ok {
			return errors.New("a merge key needs a mapping")
		}
		for key, value := range fields {
			if _, found := inherited[key]; !found { // the first source wins
				inherited[key] = value
			}
		}
	}
	return nil
}

func (d *document) decodeScalar(node *yaml.Node) (any, error) {
	switch node.Tag {
	case "!!str", "!!timestamp":
		return node.Value, nil
	case "!!int", "!!float":
		var number float64
		if err := node.Decode(&number); err != nil {
			return nil, fmt.Errorf("%s: %w", d.at(node), err)
		}
		return number, nil
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, fmt.Errorf("%s: %w", d.at(node), err)
	}
	return value, nil
}

// child returns the value of a key of a mapping, or nil.
func child(node *yaml.Node, key string) *yaml.Node {
	if i := keyIndex(node, key); i >= 0 {
		return node.Content[i+1]
	}
	return nil
}

// keyNode returns the key itself, or the mapping if it has no such key.
func keyNode(node *yaml.Node, key string) *yaml.Node {
	if i := keyIndex(node, key); i >= 0 {
		return node.Content[i]
	}
	return node
}

func keyIndex(node *yaml.Node, key string) int {
	if node != nil && node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return i
			}
		}
	}
	return -1
}

// valueText is a value for a report.
func valueText(value any) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case string:
		return strconv.Quote(value)
	}
	return canonical(value)
}
