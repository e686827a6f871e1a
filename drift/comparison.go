package main

import (
	"fmt"
	"slices"
	"strings"
)

// comparison collects the differences between usersync's spec and the vendor's.
type comparison struct {
	current, fetched *spec
	found            []occurrence
	visited          map[string]bool // components, by operation and direction
	notes            []string        // what is different without any effect
}

// occurrence is a difference at one place.
type occurrence struct {
	difference
	at location
}

func newComparison(current, fetched *spec) *comparison {
	return &comparison{current: current, fetched: fetched, visited: make(map[string]bool)}
}

func (c *comparison) add(at location, d difference) {
	c.found = append(c.found, occurrence{byDirection(at.direction, d), at})
}

// entry is a change with the traces of the differences in it.
type entry struct {
	Change
	traces []trace
}

// changes combines the differences: one entry for a component that several
// operations use, and one for a reference to another component.
func (c *comparison) changes() []entry {
	var order []string
	merged := make(map[string]*entry)
	for _, o := range combineReplaced(c.found) {
		place := c.placeOf(o)
		key := place + "\x00" + o.key + "\x00" + enumKey(o)
		change, found := merged[key]
		if !found {
			change = &entry{Change: Change{Group: o.group, Place: place, What: o.what, Impact: o.impact}}
			merged[key] = change
			order = append(order, key)
		}
		if o.at.operation != "" && !slices.Contains(change.Operations, o.at.operation) {
			change.Operations = append(change.Operations, o.at.operation)
		}
		if o.group.rank() < change.Group.rank() {
			change.Group, change.What, change.Impact = o.group, o.what, o.impact
		}
		change.traces = append(change.traces, o.trace())
	}
	var changes []entry
	for _, key := range order {
		slices.Sort(merged[key].Operations)
		changes = append(changes, *merged[key])
	}
	return changes
}

// placeOf names the component that a difference is in, or else its place in the
// operation.
func (c *comparison) placeOf(o occurrence) string {
	switch {
	case o.at.component == "":
		return o.at.sharedPlace()
	case o.at.shared, !slices.Contains(replacing, o.key) && c.usedOften(o):
		return o.at.componentPlace()
	}
	return o.at.sharedPlace()
}

// enumKey tells differences of one key apart, except those whose text depends on
// the direction.
func enumKey(o occurrence) string {
	switch word, _, _ := strings.Cut(o.key, " "); word {
	case "enum", "null", "property", "required":
		return ""
	}
	return o.what
}

// usedOften reports whether a difference is in several places that use one of
// our components. Then it is reported for the component.
func (c *comparison) usedOften(o occurrence) bool {
	places := make(map[string]bool)
	for _, other := range c.found {
		if other.at.component == o.at.component && other.at.componentField == o.at.componentField && other.key == o.key {
			if other.at.shared {
				return true
			}
			places[strings.TrimSuffix(other.at.place(), other.at.componentField)] = true
		}
	}
	return len(places) > 1
}

// combineReplaced makes one difference of all those below a reference to another
// component, if there are several.
func combineReplaced(found []occurrence) []occurrence {
	var combined []occurrence
	groups := make(map[*replacement][]occurrence)
	for _, o := range found {
		if o.at.replaced != nil {
			groups[o.at.replaced] = append(groups[o.at.replaced], o)
		}
	}
	done := make(map[*replacement]bool)
	for _, o := range found {
		parts := groups[o.at.replaced]
		if o.at.replaced == nil || len(parts) == 1 {
			combined = append(combined, o)
			continue
		}
		if !done[o.at.replaced] {
			done[o.at.replaced] = true
			combined = append(combined, combine(parts))
		}
	}
	return combined
}

func combine(parts []occurrence) occurrence {
	worst := slices.MinFunc(parts, func(a, b occurrence) int { return a.group.rank() - b.group.rank() })
	whole := parts[0]
	r := whole.at.replaced
	whole.at.field = strings.TrimSuffix(whole.at.field, whole.at.componentField)
	whole.at.componentField = ""
	var texts []string
	for _, part := range parts {
		field := strings.TrimPrefix(part.at.field, whole.at.field)
		texts = append(texts, strings.TrimPrefix(strings.TrimPrefix(field, ".")+": "+part.what, ": "))
	}
	const maxTexts = 4
	if len(texts) > maxTexts {
		texts = append(texts[:maxTexts], fmt.Sprintf("%d more", len(texts)-maxTexts))
	}
	whole.difference = difference{"schema", worst.group, fmt.Sprintf("schema %s instead of %s: %s", r.to, r.from, strings.Join(texts, "; ")), worst.impact}
	return whole
}
