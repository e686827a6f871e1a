package main

import (
	"slices"
	"strings"
)

// trace identifies a difference, whatever form the schemas have. It compares the
// results of two comparisons.
type trace struct{ scope, key string }

// replacing are the keys of differences that hide everything below them.
var replacing = []string{"type", "properties", "schema", "content", "body", "operation", "endpoint"}

func (o occurrence) trace() trace {
	scope := o.at.operation + "\x00" + o.at.part + o.at.field
	switch word, name, _ := strings.Cut(o.key, " "); word {
	case "property", "required":
		scope += "." + name
	case "status":
		scope += "response " + name
	}
	return trace{scope, o.key}
}

// replaces reports whether a difference hides what is below it.
func (t trace) replaces() bool {
	word, _, _ := strings.Cut(t.key, " ")
	return slices.Contains(replacing, t.key) || word == "property" || word == "status"
}

// hides reports whether the other difference could not be seen because of t.
func (t trace) hides(other trace) bool { return t.replaces() && isBelow(other.scope, t.scope) }

func isBelow(scope, above string) bool {
	rest, found := strings.CutPrefix(scope, above)
	return found && (rest == "" || strings.HasSuffix(above, "\x00") || strings.ContainsAny(rest[:1], " .["))
}

// solved reports whether another comparison did not find the differences: none
// of them is left, and at least one place of them could be seen.
func solved(traces, left []trace) bool {
	seen := false
	for _, t := range traces {
		if slices.Contains(left, t) {
			return false
		}
		seen = seen || !slices.ContainsFunc(left, func(other trace) bool { return other.hides(t) })
	}
	return seen
}
