package main

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// graftKey writes the value of a key; nil removes it.
func (w *writer) graftKey(into *yaml.Node, key string, value *yaml.Node) {
	if value == nil {
		removeKey(into, key)
		return
	}
	w.graftIn(into, key, plain(value), "")
}

func (w *writer) graftIn(into *yaml.Node, key string, value *yaml.Node, kind string) {
	if own := child(into, key); own != nil {
		w.graft(own, value, kind)
		return
	}
	setKey(into, key, w.withoutProse(value, nameMaps[key], kind), -1)
}

// graft gives own the structure of target. Descriptions, examples and
// extensions of own stay, and so does a schema that means the same. kind is
// "schema", "names" for a mapping of names to schemas, or "".
func (w *writer) graft(own, target *yaml.Node, kind string) {
	if kind == "schema" && w.sameMeaning(own, target) {
		return
	}
	switch {
	case own.Kind != target.Kind:
		replaceNode(own, w.withoutProse(target, kind == "names", kind))
	case own.Kind == yaml.ScalarNode:
		if own.Value != target.Value || own.Tag != target.Tag {
			own.Value, own.Tag, own.Style = target.Value, target.Tag, target.Style
		}
	case own.Kind == yaml.SequenceNode:
		w.graftList(own, target, kind)
	default:
		w.graftMapping(own, target, kind)
	}
}

func (w *writer) graftMapping(own, target *yaml.Node, kind string) {
	names := kind == "names" || kind == "named"
	if kind == "schema" {
		target = w.convertNull(target)
	}
	for i := len(own.Content) - 2; i >= 0; i -= 2 {
		key := own.Content[i].Value
		if child(target, key) == nil && (names || !isProse(key)) {
			removeKey(own, key)
		}
	}
	position := -1
	for i := 0; i+1 < len(target.Content); i += 2 {
		key, value := target.Content[i].Value, target.Content[i+1]
		if !names && isProse(key) {
			continue
		}
		inner := kindBelow(key, kind)
		if at := keyIndex(own, key); at >= 0 {
			w.graft(own.Content[at+1], value, inner)
			position = at
			continue
		}
		position += 2
		if position < 0 || position > len(own.Content) || position == 1 {
			position = len(own.Content)
		}
		setKey(own, key, w.withoutProse(value, inner == "names" || inner == "named", inner), position)
	}
}

// kindBelow is the kind of the value of a key.
func kindBelow(key, kind string) string {
	switch {
	case kind == "names":
		return "schema"
	case kind == "named":
		return ""
	case key == "schema", kind == "schema" && slices.Contains([]string{"items", "additionalProperties", "not", "allOf", "oneOf", "anyOf"}, key):
		return "schema"
	case key == "properties" && kind == "schema":
		return "names"
	case nameMaps[key]:
		return "named"
	}
	return ""
}

// graftList keeps the items of own that target has too, in their order, and adds
// the others.
func (w *writer) graftList(own, target *yaml.Node, kind string) {
	var kept []*yaml.Node
	rest := slices.Clone(target.Content)
	for _, item := range own.Content {
		i := slices.IndexFunc(rest, func(other *yaml.Node) bool { return itemKey(item) == itemKey(other) })
		if i < 0 {
			continue
		}
		w.graft(item, rest[i], kind)
		kept = append(kept, item)
		rest = slices.Delete(rest, i, i+1)
	}
	for _, item := range rest {
		kept = append(kept, w.withoutProse(item, false, kind))
	}
	own.Content = kept
}

// itemKey identifies an item of a list: a parameter by place and name, a server
// by URL, anything else by its value.
func itemKey(item *yaml.Node) string {
	if item.Kind == yaml.MappingNode {
		for _, keys := range [][]string{{"$ref"}, {"in", "name"}, {"url"}, {"name"}} {
			var parts []string
			for _, key := range keys {
				if value := child(item, key); value != nil {
					parts = append(parts, value.Value)
				}
			}
			if len(parts) == len(keys) {
				return strings.Join(parts, " ")
			}
		}
	}
	var value any
	if err := item.Decode(&value); err != nil {
		return item.Value
	}
	return canonical(normalized(value, false))
}

// sameMeaning compares two schemas of the specs.
func (w *writer) sameMeaning(own, target *yaml.Node) bool {
	decode := func(node *yaml.Node) (any, error) {
		budget := maxNodes
		return new(document).decode(node, &budget)
	}
	a, errA := decode(own)
	b, errB := decode(target)
	if errors.Join(errA, errB) != nil {
		return false
	}
	// A component is written for itself; a reference to it means the same.
	if ref := text(mapping(a)["$ref"]); ref != "" && len(mapping(b)) == 1 && text(mapping(b)["$ref"]) == ref {
		return true
	}
	c := newComparison(w.current, w.fetched)
	return c.equal(a, b, inRequest) && c.equal(a, b, inResponse)
}

// convertNull writes the alternative null as the spec's version does.
func (w *writer) convertNull(node *yaml.Node) *yaml.Node {
	kind := child(node, "type")
	if w.nullable && kind != nil && kind.Kind == yaml.SequenceNode {
		node = copyNode(node)
		kind = child(node, "type")
		before := len(kind.Content)
		kind.Content = slices.DeleteFunc(kind.Content, func(n *yaml.Node) bool { return n.Value == "null" })
		if len(kind.Content) < before {
			setKey(node, "nullable", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}, -1)
		}
		if len(kind.Content) == 1 {
			replaceNode(kind, kind.Content[0])
		}
	}
	if mark := child(node, "nullable"); !w.nullable && mark != nil && kind != nil && kind.Kind == yaml.ScalarNode {
		node = copyNode(node)
		isNull := child(node, "nullable").Value == "true"
		removeKey(node, "nullable")
		if isNull {
			null := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "null", Style: yaml.SingleQuotedStyle}
			replaceNode(child(node, "type"), &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{copyNode(kind), null}})
		}
	}
	return node
}

// withoutProse copies a node without the vendor's descriptions and examples.
func (w *writer) withoutProse(node *yaml.Node, names bool, kind string) *yaml.Node {
	if kind == "schema" && node.Kind == yaml.MappingNode {
		node = w.convertNull(node)
	}
	result := *node
	result.HeadComment, result.LineComment, result.FootComment, result.Anchor = "", "", "", ""
	result.Style &^= yaml.FlowStyle
	result.Content = nil
	for i := 0; i < len(node.Content); i++ {
		if node.Kind != yaml.MappingNode {
			result.Content = append(result.Content, w.withoutProse(node.Content[i], false, kind))
			continue
		}
		key, value := node.Content[i], node.Content[i+1]
		i++
		if !names && isProse(key.Value) && (key.Value != "description" || !isResponse(node, kind)) {
			continue
		}
		if !names && key.Value == "description" {
			value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "To be described."}
		}
		inner := kindBelow(key.Value, kind)
		if names {
			inner = kindBelow("", kind)
		}
		result.Content = append(result.Content, copyNode(key), w.withoutProse(value, !names && (inner == "names" || inner == "named"), inner))
	}
	if len(result.Content) == 0 && node.Kind != yaml.ScalarNode {
		result.Style = yaml.FlowStyle
	}
	return &result
}

// isResponse recognises a response, which must have a description.
func isResponse(node *yaml.Node, kind string) bool {
	return kind == "" && !slices.ContainsFunc([]string{"in", "schema", "url", "name", "type"}, func(key string) bool { return child(node, key) != nil })
}
