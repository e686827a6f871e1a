package main

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
)

// relocate finds operations of ours that the vendor has under another method or
// path: by operation id, or by being the same to the last field. Ours moves
// along, so that the rest of it is compared.
func relocate(ours *openapi3.T, vendor view) []Change {
	var changes []Change
	known, published := shapes(ours), shapes(vendor.doc)
	for _, shape := range keys(published) {
		if _, found := known[shape]; found {
			continue
		}
		to := published[shape]
		operation := vendor.doc.Paths.Value(to.path).GetOperation(to.method)
		var candidates []endpoint
		for _, name := range keys(known) {
			from := known[name]
			_, there := published[name]
			if !there && !slices.Contains(vendor.unread, from) && same(ours, from, vendor.doc, to, operation.OperationID) {
				candidates = append(candidates, from)
			}
		}
		if len(candidates) != 1 {
			continue
		}
		from := candidates[0]
		delete(known, from.shape())
		move(ours, from, to)
		changes = append(changes, Change{
			Group: Breaking, Place: from.String(), Operations: []string{from.String()},
			What:        "is now " + to.String(),
			Consequence: "requests go to an address that the vendor no longer documents: change the document and regenerate",
		})
	}
	return changes
}

func same(ours *openapi3.T, from endpoint, theirs *openapi3.T, to endpoint, id string) bool {
	operation := ours.Paths.Value(from.path).GetOperation(from.method)
	if id != "" && operation.OperationID != "" {
		return id == operation.OperationID
	}
	if from.method != to.method {
		return false
	}
	left, right := only(ours, from, to.path), only(theirs, to, to.path)
	forgetOurIDs(left, right)
	found, err := diff.Get(settings(), left, right)
	return err == nil && (found == nil || found.PathsDiff == nil)
}

// only is a document with one operation, at a path.
func only(doc *openapi3.T, e endpoint, path string) *openapi3.T {
	operation := *doc.Paths.Value(e.path).GetOperation(e.method)
	one := &openapi3.T{OpenAPI: doc.OpenAPI, Info: doc.Info, Paths: openapi3.NewPaths(), Components: doc.Components}
	item := new(openapi3.PathItem)
	item.SetOperation(e.method, &operation)
	one.Paths.Set(path, item)
	return one
}

func move(doc *openapi3.T, from, to endpoint) {
	item := doc.Paths.Value(from.path)
	operation := item.GetOperation(from.method)
	remove(doc, from)
	target := doc.Paths.Value(to.path)
	if target == nil {
		target = new(openapi3.PathItem)
		doc.Paths.Set(to.path, target)
	}
	target.SetOperation(to.method, operation)
}

func remove(doc *openapi3.T, e endpoint) {
	item := doc.Paths.Value(e.path)
	item.SetOperation(e.method, nil)
	if len(item.Operations()) == 0 {
		doc.Paths.Delete(e.path)
	}
}
