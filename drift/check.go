package main

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// valueKinds lists what the value of a keyword may be: m a mapping, l a list,
// s a text, n a number, b a boolean.
var valueKinds = map[string]string{
	"type": "sl", "format": "s", "pattern": "s", "enum": "l", "allOf": "l", "oneOf": "l", "anyOf": "l", "not": "mb",
	"items": "mb", "properties": "m", "additionalProperties": "mb", "required": "lb", "nullable": "b", "readOnly": "b",
	"writeOnly": "b", "deprecated": "b", "uniqueItems": "b", "minLength": "n", "maxLength": "n", "minItems": "n", "maxItems": "n",
	"minProperties": "n", "maxProperties": "n", "minimum": "n", "maximum": "n", "exclusiveMinimum": "nb", "exclusiveMaximum": "nb",
	"multipleOf": "n", "$ref": "s", "parameters": "lm", "requestBody": "m", "responses": "m", "content": "m", "schema": "mb",
	"headers": "m", "security": "lm", "servers": "l", "operationId": "s", "name": "s", "in": "s", "url": "s",
}

var schemaTypes = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

// checkFragment returns an error if a keyword has a value of a wrong kind.
func checkFragment(f fragment) error {
	if f.node == nil || len(f.place) == 1 && !slices.Contains([]string{"servers", "security"}, f.place[0]) {
		return nil
	}
	if f.isOperation() && f.node.Kind != yaml.MappingNode {
		return fmt.Errorf("%s: %s: not a mapping", f.doc.at(f.key), f)
	}
	if bad, want := badValue(f.node, false); bad != nil {
		return fmt.Errorf("%s: %s: %s, want %s", f.doc.at(bad), f, strings.TrimSpace(bad.Value), want)
	}
	return nil
}

// badValue finds the first key below node whose value is of a wrong kind. The
// key is returned with its value in place of the name.
func badValue(node *yaml.Node, names bool) (*yaml.Node, string) {
	if node.Kind == yaml.AliasNode {
		return nil, "" // checked where the anchor is
	}
	if node.Kind == yaml.SequenceNode {
		for _, inner := range node.Content {
			if bad, want := badValue(inner, false); bad != nil {
				return bad, want
			}
		}
	}
	if node.Kind != yaml.MappingNode {
		return nil, ""
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if !names {
			if isProse(key.Value) || key.Value == "default" || key.Value == "const" || key.Value == "enum" && value.Kind == yaml.SequenceNode {
				continue
			}
			if want := wantedKind(key.Value, value); want != "" {
				return &yaml.Node{Line: key.Line, Value: fmt.Sprintf("%s is %s", key.Value, nodeText(value))}, want
			}
		}
		if bad, want := badValue(value, !names && nameMaps[key.Value]); bad != nil {
			return bad, want
		}
	}
	return nil, ""
}

// wantedKind returns what the value of a keyword must be, or "" if it is right.
func wantedKind(key string, value *yaml.Node) string {
	allowed, known := valueKinds[key]
	if !known || value.Kind == yaml.AliasNode {
		return ""
	}
	if key == "type" {
		return wantedType(value)
	}
	kind := map[yaml.Kind]string{yaml.MappingNode: "m", yaml.SequenceNode: "l"}[value.Kind]
	if value.Kind == yaml.ScalarNode {
		kind = map[string]string{"!!int": "n", "!!float": "n", "!!bool": "b"}[value.Tag]
		if kind == "" {
			kind = "s"
		}
	}
	if strings.Contains(allowed, kind) || kind != "m" && kind != "l" && allowed == "s" {
		return ""
	}
	var names []string
	for _, letter := range allowed {
		names = append(names, map[rune]string{'m': "a mapping", 'l': "a list", 's': "a text", 'n': "a number", 'b': "true or false"}[letter])
	}
	return strings.Join(names, " or ")
}

// wantedType checks a schema's type. Security schemes have a type of their own.
func wantedType(value *yaml.Node) string {
	all := append(slices.Clone(schemaTypes), "apiKey", "http", "oauth2", "openIdConnect", "mutualTLS")
	values := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		values = value.Content
	}
	for _, v := range values {
		if v.Kind != yaml.ScalarNode || !slices.Contains(all, v.Value) {
			return "one of " + strings.Join(schemaTypes, ", ")
		}
	}
	return ""
}

func nodeText(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return fmt.Sprintf("%q", node.Value)
}
