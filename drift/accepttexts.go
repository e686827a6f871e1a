package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// acceptTexts stores the hashes of the pages of prose in the spec.
func (j job) acceptTexts(report Report) error {
	if len(report.texts) == 0 {
		return nil
	}
	file := filepath.Join(j.specs, j.provider+".yaml")
	before, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(before, &node); err != nil {
		return err
	}
	stored := child(child(child(child(node.Content[0], "info"), "x-provenance"), "prose"), "texts")
	for _, source := range keys(report.texts) {
		if stored != nil && strings.Contains(source, "://") {
			setKey(stored, source, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: report.texts[source]}, -1)
		}
	}
	after, err := formatSpec(&node)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	return os.WriteFile(file, after, 0o644)
}
