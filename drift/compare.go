package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
)

// view is what the vendor's sources were found to hold.
type view struct {
	doc *openapi3.T
	// complete: what is not in it, the vendor does not publish any more.
	complete bool
	// unread operations are in the sources and cannot be read.
	unread []endpoint
	// scope, when there is one, holds the paths whose new operations matter.
	scope []string
}

// compare tells what differs between our document and the vendor's. Both are
// changed on the way.
func compare(ours *openapi3.T, vendor view) (changes []Change, outside int, err error) {
	flatten(ours)
	flatten(vendor.doc)
	sources := sourcesOf(ours)
	changes = relocate(ours, vendor)
	outside = restrict(ours, vendor)
	forgetOurIDs(ours, vendor.doc)

	found, err := diff.Get(settings(), ours, vendor.doc)
	if err != nil {
		return nil, 0, fmt.Errorf("compare: %w", err)
	}
	changes = append(changes, walk(found)...)
	for i := range changes {
		changes[i].Ours = weakest(changes[i].Operations, sources)
	}
	sortChanges(changes)
	return changes, outside, nil
}

// settings leave out what never counts. Order does not count with oasdiff.
func settings() *diff.Config {
	return diff.NewConfig(diff.WithExcludeElements([]string{
		diff.ExcludeExamplesOption, diff.ExcludeDescriptionOption, diff.ExcludeTitleOption, diff.ExcludeSummaryOption,
		diff.ExcludeExtensionsOption, diff.ExcludeEndpointsOption,
	}))
}

// flatten gives each operation the parameters of its path: where they stand
// makes no difference.
func flatten(doc *openapi3.T) {
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, shared := range item.Parameters {
				if operation.Parameters.GetByInAndName(shared.Value.In, shared.Value.Name) == nil {
					operation.Parameters = append(operation.Parameters, shared)
				}
			}
		}
		item.Parameters = nil
	}
}

// sourcesOf tells what our operations rest on.
func sourcesOf(doc *openapi3.T) map[string]string {
	sources := make(map[string]string)
	for e, operation := range operations(doc) {
		sources[e.String()], _ = operation.Extensions["x-source"].(string)
	}
	return sources
}

// weakest is what a change rests on when our side of it was not published: then
// it may be our document that was wrong all along.
func weakest(operations []string, sources map[string]string) string {
	weak := ""
	for _, operation := range operations {
		source := sources[operation]
		if source == "published" {
			return ""
		}
		weak = source
	}
	return weak
}

func operations(doc *openapi3.T) map[endpoint]*openapi3.Operation {
	all := make(map[endpoint]*openapi3.Operation)
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			all[endpoint{method, path}] = operation
		}
	}
	return all
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// shape is an endpoint whatever its path parameters are called.
func (e endpoint) shape() string { return e.method + " " + parameter.ReplaceAllString(e.path, "{}") }

func shapes(doc *openapi3.T) map[string]endpoint {
	all := make(map[string]endpoint)
	for e := range operations(doc) {
		all[e.shape()] = e
	}
	return all
}

// restrict leaves in both documents what can be compared: in ours what the
// sources should hold, in the vendor's what is ours or in scope. It returns how
// many operations are out of scope.
func restrict(ours *openapi3.T, vendor view) (outside int) {
	known, published := shapes(ours), shapes(vendor.doc)
	for shape, e := range known {
		_, there := published[shape]
		if !there && (!vendor.complete || slices.Contains(vendor.unread, e)) {
			remove(ours, e)
		}
	}
	for shape, e := range published {
		if _, there := known[shape]; !there && !inScope(e.path, vendor.scope) {
			remove(vendor.doc, e)
			outside++
		}
	}
	if !vendor.complete {
		dropUnusedSchemes(ours, vendor.doc)
	}
	return outside
}

func inScope(path string, scope []string) bool {
	return len(scope) == 0 || slices.ContainsFunc(scope, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
	})
}

// dropUnusedSchemes leaves the security schemes that the operations need or the
// vendor's pages hold: a page need not hold others.
func dropUnusedSchemes(doc, vendor *openapi3.T) {
	if doc.Components == nil {
		return
	}
	used := make(map[string]bool)
	if vendor.Components != nil {
		for name := range vendor.Components.SecuritySchemes {
			used[name] = true
		}
	}
	note := func(requirements openapi3.SecurityRequirements) {
		for _, requirement := range requirements {
			for name := range requirement {
				used[name] = true
			}
		}
	}
	note(doc.Security)
	for _, operation := range operations(doc) {
		if operation.Security != nil {
			note(*operation.Security)
		}
	}
	for name := range doc.Components.SecuritySchemes {
		if !used[name] {
			delete(doc.Components.SecuritySchemes, name)
		}
	}
}

// forgetOurIDs drops the operation ids that we gave where the vendor gives none.
func forgetOurIDs(ours, vendor *openapi3.T) {
	published := shapes(vendor)
	for e, operation := range operations(ours) {
		there, found := published[e.shape()]
		if found && operation.Extensions["x-source"] != "published" && vendor.Paths.Value(there.path).GetOperation(there.method).OperationID == "" {
			operation.OperationID = ""
		}
	}
}
