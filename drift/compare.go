package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// vendorSpec is what the vendor's sources contain.
type vendorSpec struct {
	*spec
	// complete states that the vendor publishes nothing else: an operation that
	// is not here was removed.
	complete bool
	// scope, if there is one, lists the paths whose new operations matter.
	scope []string
}

// comparisonResult is what a comparison of two documents found.
type comparisonResult struct {
	entries    []entry
	notFound   []string // operations of the spec that the sources do not contain
	unreadable []string // problems of operations of the spec
	outOfScope []endpoint
	notes      []string
	traces     []trace // of all differences
}

const newOperation = "new operation"

// compare lists the differences between usersync's spec and the vendor's.
func compare(current *spec, vendor vendorSpec) comparisonResult {
	alignPaths(current, vendor.spec)
	c := newComparison(current, vendor.spec)
	var result comparisonResult
	published := make(map[string]endpoint)
	for e := range vendor.operations {
		published[e.shape()] = e
	}
	for e, problem := range vendor.unreadable {
		published[e.shape()] = e
		if known := slices.ContainsFunc(sortedEndpoints(current.operations), func(own endpoint) bool { return own.shape() == e.shape() }); known {
			result.unreadable = append(result.unreadable, problem)
		}
	}
	slices.Sort(result.unreadable)
	result.unreadable = slices.Compact(result.unreadable)

	pairs := make(map[endpoint]*operation)
	var missing, added []endpoint
	for _, e := range sortedEndpoints(current.operations) {
		to, found := published[e.shape()]
		delete(published, e.shape())
		switch {
		case !found:
			missing = append(missing, e)
		case vendor.operations[to] != nil:
			pairs[e] = vendor.operations[to]
		}
	}
	for _, shape := range keys(published) {
		added = append(added, published[shape])
	}
	moved := findMoved(current, vendor.spec, missing, added)
	for _, from := range missing {
		at := location{operation: from.String()}
		to, found := moved[from]
		switch {
		case found:
			pairs[from] = vendor.operations[to]
			c.add(at, difference{"endpoint", Breaking, "is now " + to.String(), "requests go to a URL that the vendor no longer documents: update the spec and regenerate"})
			added = slices.DeleteFunc(added, func(e endpoint) bool { return e == to })
		case vendor.complete:
			c.add(at, difference{"operation", Breaking, "operation removed", "requests of the wrapper's method that calls it are rejected"})
		default:
			result.notFound = append(result.notFound, from.String())
		}
	}
	for _, e := range sortedEndpoints(pairs) {
		c.operation(current.operations[e], pairs[e])
	}
	for _, e := range added {
		what := newOperation
		if vendor.unreadable[e] != "" {
			what += ", which cannot be read"
		}
		switch {
		case inScope(e.path, vendor.scope):
			c.add(location{operation: e.String()}, difference{"operation", Additive, what, "in no client yet: add it to the spec, regenerate, and give it a method, or accept it as out of scope"})
		case writesUsers(e, vendor.operations[e], vendor.spec):
			c.add(location{operation: e.String()}, difference{"operation", Additive, what + " that upserts or deletes users", "in no client yet: check whether a wrapper should use it"})
		default:
			result.outOfScope = append(result.outOfScope, e)
		}
	}
	c.document(pairs)
	result.entries, result.notes = c.changes(), c.notes
	for _, o := range c.found {
		result.traces = append(result.traces, o.trace())
	}
	for i := range result.entries {
		result.entries[i].OurSource = weakestSource(current, result.entries[i].Operations)
	}
	return result
}

func inScope(path string, scope []string) bool {
	return len(scope) == 0 || slices.ContainsFunc(scope, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
	})
}

var (
	userPath = regexp.MustCompile(`(?i)(^|[/_-])(users?|members?|accounts?|contacts?|people|profiles?)([/_.-]|$)`)
	upserts  = regexp.MustCompile(`(?i)upsert|(create|add)[ _-]?(or|and)[ _-]?(update|replace)|update[ _-]?or[ _-]?(create|insert)`)
)

// writesUsers reports whether an operation upserts or deletes users. Such an
// operation is reported wherever it is.
func writesUsers(e endpoint, o *operation, s *spec) bool {
	if !userPath.MatchString(e.path) {
		return false
	}
	summary := mapping(mapping(mapping(s.root["paths"])[e.path])[strings.ToLower(e.method)])
	texts := e.path + " " + text(summary["summary"])
	if o != nil {
		texts += " " + o.id
	}
	return e.method == "DELETE" || e.method == "PUT" || upserts.MatchString(texts)
}

// weakestSource is what a change rests on if usersync's side was not published:
// then usersync's spec may have been wrong all along.
func weakestSource(current *spec, operations []string) string {
	weakest := ""
	for e, o := range current.operations {
		if !slices.Contains(operations, e.String()) {
			continue
		}
		if o.source == "published" || o.source == "" {
			return ""
		}
		weakest = max(weakest, o.source)
	}
	return weakest
}

func (r comparisonResult) changes() []Change {
	var changes []Change
	for _, e := range r.entries {
		changes = append(changes, e.Change)
	}
	return changes
}

func outOfScopeNote(endpoints []endpoint, scope []string) string {
	return fmt.Sprintf("%d operations outside %s were counted but not compared", len(endpoints), strings.Join(scope, ", "))
}
