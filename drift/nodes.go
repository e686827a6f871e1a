package main

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// plain copies a node without aliases and merge keys.
func plain(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return plain(node.Alias)
	}
	result := *node
	result.Anchor = ""
	result.Content = nil
	for i := 0; i < len(node.Content); i++ {
		if node.Kind == yaml.MappingNode && i%2 == 0 && node.Content[i].Tag == "!!merge" {
			source := plain(node.Content[i+1])
			i++
			for k := 0; k+1 < len(source.Content); k += 2 {
				if child(node, source.Content[k].Value) == nil {
					result.Content = append(result.Content, source.Content[k], source.Content[k+1])
				}
			}
			continue
		}
		result.Content = append(result.Content, plain(node.Content[i]))
	}
	return &result
}

func copyNode(node *yaml.Node) *yaml.Node { return plain(node) }

// replaceNode gives a node another value and keeps its comments.
func replaceNode(node, value *yaml.Node) {
	head, line, foot := node.HeadComment, node.LineComment, node.FootComment
	*node = *value
	node.HeadComment, node.LineComment, node.FootComment = head, line, foot
}

func ensure(node *yaml.Node, key string) *yaml.Node {
	if inner := child(node, key); inner != nil {
		return inner
	}
	inner := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	setKey(node, key, inner, -1)
	return inner
}

// setKey sets the value of a key, or inserts the key at an index; -1 is the end.
func setKey(node *yaml.Node, key string, value *yaml.Node, at int) {
	if value == nil {
		return
	}
	if i := keyIndex(node, key); i >= 0 {
		node.Content[i+1] = value
		return
	}
	if at < 0 || at > len(node.Content) {
		at = len(node.Content)
	}
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
	if _, err := fmt.Sscanf(key, "%d", new(int)); err == nil {
		name.Style = yaml.SingleQuotedStyle // a status
	}
	node.Content = slices.Insert(node.Content, at, name, value)
	if len(node.Content) > 2 {
		node.Style &^= yaml.FlowStyle
	}
}

func removeKey(node *yaml.Node, key string) {
	if i := keyIndex(node, key); i >= 0 {
		node.Content = slices.Delete(node.Content, i, i+2)
	}
}
