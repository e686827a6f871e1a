package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/speakeasy-api/openapi/overlay"
	"github.com/speakeasy-api/openapi/overlay/loader"
	"gopkg.in/yaml.v3"
)

// corrector applies the overlay of a provider.
type corrector struct {
	document, file string
	overlay        *overlay.Overlay // nil if the provider has none
	lines          []int            // of the actions
}

func newCorrector(specs, provider string) (*corrector, error) {
	c := &corrector{document: filepath.Join(specs, provider+".yaml"), file: filepath.Join(specs, provider+".overlay.yaml")}
	switch _, err := os.Stat(c.file); {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return nil, err
	}
	var err error
	if c.overlay, err = loader.LoadOverlay(c.file); err != nil {
		return nil, err
	}
	c.lines, err = targetLines(c.file)
	return c, err
}

// apply returns the spec after each of the actions, or with lastOnly after all of
// them only. An invalid state between two actions is nil.
func (c *corrector) apply(lastOnly bool) ([]*spec, error) {
	text, err := os.ReadFile(c.document)
	if err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		return nil, fmt.Errorf("%s: %w", c.document, err)
	}
	states := make([]*spec, len(c.overlay.Actions))
	for i, action := range c.overlay.Actions {
		one := *c.overlay
		one.Actions = []overlay.Action{action}
		if _, err := one.ApplyToStrict(&node); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", c.file, c.lines[i], err)
		}
		if lastOnly && i < len(states)-1 {
			continue
		}
		text, err := yaml.Marshal(&node)
		if err != nil {
			return nil, err
		}
		states[i], err = loadDocument(c.document, text)
		if err != nil && i == len(states)-1 {
			return nil, err
		}
	}
	return states, nil
}

func (c *corrector) action(i int) string {
	return fmt.Sprintf("%s line %d (%s)", filepath.Base(c.file), c.lines[i], c.overlay.Actions[i].Target)
}

// targetLines returns the line of each action.
func targetLines(file string) ([]int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var document struct {
		Actions []yaml.Node `yaml:"actions"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	lines := make([]int, 0, len(document.Actions))
	for _, action := range document.Actions {
		lines = append(lines, action.Line)
	}
	return lines, nil
}

// markAdopted marks the changes in which the vendor adopted a correction of the
// overlay: they are differences from the spec, but not from the corrected one.
func (c *corrector) markAdopted(result comparisonResult, current *spec, vendor vendorSpec) error {
	if c.overlay == nil {
		return nil
	}
	states, err := c.apply(true)
	if err != nil {
		return err
	}
	last := len(states) - 1
	left := compare(states[last], vendor).traces
	var adopted []*entry
	for i := range result.entries {
		if solved(result.entries[i].traces, left) {
			adopted = append(adopted, &result.entries[i])
		}
	}
	if len(adopted) == 0 {
		return nil
	}
	if states, err = c.apply(false); err != nil {
		return err
	}
	remaining := make([][]trace, len(states))
	for i, state := range states {
		if state != nil {
			remaining[i] = compare(state, vendor).traces
		}
	}
	for _, change := range adopted {
		i := firstWithout(states, remaining, change.traces)
		before := current
		if i > 0 && states[i-1] != nil {
			before = states[i-1]
		}
		change.Group, change.Overlay = Documentation, c.action(i)
		change.Impact = "the vendor adopted a correction: remove this overlay action: " + change.Overlay
		action := compare(before, vendorSpec{spec: states[i], complete: true}).traces
		if slices.ContainsFunc(action, func(t trace) bool { return slices.Contains(left, t) }) {
			change.Impact = "the vendor adopted a part of a correction: remove this part of the overlay action: " + change.Overlay
		}
	}
	return nil
}

// firstWithout returns the first index from which on none of the traces remain.
func firstWithout(states []*spec, remaining [][]trace, traces []trace) int {
	first := len(states) - 1
	for i := len(states) - 1; i >= 0; i-- {
		if states[i] == nil {
			continue
		}
		if !solved(traces, remaining[i]) {
			break
		}
		first = i
	}
	return first
}
