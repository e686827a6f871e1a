package main

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// lineWidth is the longest line of a folded text in a spec.
const lineWidth = 80

// formatSpec writes a document in the canonical form: two spaces of indentation
// and folded texts of at most lineWidth columns.
func formatSpec(node *yaml.Node) ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, err
	}
	var out strings.Builder
	folded := -1 // indentation of the key of a folded text, -1 outside of one
	for line := range strings.Lines(text.String()) {
		content := strings.TrimLeft(line, " ")
		indent := len(line) - len(content)
		if folded >= 0 && content != "\n" && indent <= folded {
			folded = -1
		}
		if folded >= 0 {
			out.WriteString(wrap(strings.TrimSuffix(line, "\n"), indent))
		} else {
			out.WriteString(line)
		}
		if folded < 0 && strings.HasSuffix(line, ">-\n") && !strings.HasPrefix(content, "#") {
			folded = indent
		}
	}
	return []byte(out.String()), nil
}

// wrap breaks a line of a folded text between words. Lines with more
// indentation are not folded by YAML and stay as they are.
func wrap(line string, indent int) string {
	margin := strings.Repeat(" ", indent)
	var out strings.Builder
	width := 0
	for i, word := range strings.Split(line[indent:], " ") {
		switch {
		case i == 0:
			out.WriteString(margin + word)
			width = indent + len(word)
		case word == "" || width+1+len(word) <= lineWidth || strings.HasSuffix(out.String(), " "):
			out.WriteString(" " + word)
			width += 1 + len(word)
		default:
			out.WriteString("\n" + margin + word)
			width = indent + len(word)
		}
	}
	return out.String() + "\n"
}
