package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// write applies the changes of a report to the spec. What it cannot apply stays
// in the report: new and removed operations, and what is to be checked by hand.
func (j job) write(report *Report, vendor *vendorSpec, docs []*document) error {
	file := filepath.Join(j.specs, j.provider+".yaml")
	before, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(before, &node); err != nil {
		return err
	}
	current, err := loadDocument(file, before)
	if err != nil {
		return err
	}
	w := writer{
		spec: node.Content[0], current: current, fetched: vendor.spec, fragments: make(map[string]fragment), done: make(map[string]bool),
		nullable: strings.HasPrefix(text(current.root["openapi"]), "3.0"), changes: report.Changes,
	}
	fragments, _ := merge(docs)
	for _, f := range fragments {
		w.fragments["#/"+strings.Join(f.place, "/")] = f
	}
	w.apply()
	after, err := formatSpec(&node)
	if err != nil {
		return err
	}
	result, err := loadDocument(file, after)
	if err != nil {
		return fmt.Errorf("the result would be invalid: %w", err)
	}
	if !bytes.Equal(before, after) {
		if err := os.WriteFile(file, after, 0o644); err != nil {
			return err
		}
		report.note("written: " + file)
	}
	report.keepUnwritten(compare(result, *vendor).entries)
	return nil
}

// keepUnwritten keeps the changes that are still there after writing.
func (r *Report) keepUnwritten(left []entry) {
	applied := 0
	r.Changes = slices.DeleteFunc(r.Changes, func(c Change) bool {
		still := slices.ContainsFunc(left, func(e entry) bool { return e.Place == c.Place && e.What == c.What })
		if !still && c.Source == "" {
			r.note(fmt.Sprintf("written: %s: %s", c.Place, c.What))
			applied++
		}
		return !still && c.Source == ""
	})
	if len(r.Changes) > 0 {
		r.note(fmt.Sprintf("%d changes were written, %d are left for you", applied, len(r.Changes)))
	}
	r.Status &^= exitChanged
	if len(r.Changes)+len(r.Contradictions) > 0 {
		r.Status |= exitChanged
	}
}

// writer changes the nodes of a spec.
type writer struct {
	spec             *yaml.Node
	current, fetched *spec
	fragments        map[string]fragment // of the vendor, by reference
	done             map[string]bool     // components that were written
	nullable         bool                // the spec writes null as 3.0 does
	changes          []Change
}

func (w *writer) apply() {
	published := make(map[string]endpoint)
	for e := range w.fetched.operations {
		published[e.shape()] = e
	}
	for _, e := range sortedEndpoints(w.current.operations) {
		if !w.changed(func(c Change) bool {
			return slices.Contains(c.Operations, e.String()) || strings.HasPrefix(c.Place, "path ")
		}) {
			continue
		}
		to, found := published[e.shape()]
		if !found {
			to, found = w.move(e)
		}
		if found {
			w.operation(e, to)
		}
	}
	for _, key := range []string{"servers", "security"} {
		if w.changed(func(c Change) bool {
			return c.Place == "document" && strings.HasPrefix(c.What, strings.TrimSuffix(key, "s"))
		}) {
			w.graftKey(w.spec, key, w.fragments["#/"+key].node)
		}
	}
	if w.changed(func(c Change) bool { return strings.HasPrefix(c.What, "version ") }) {
		w.graftKey(child(w.spec, "info"), "version", w.fragments["#/info"].childNode("version"))
	}
	if w.changed(func(c Change) bool {
		return strings.Contains(c.Place, "security scheme") || strings.HasPrefix(c.What, "scheme ") || strings.HasPrefix(c.What, "security ")
	}) {
		for key, f := range w.fragments {
			if name, found := strings.CutPrefix(key, "#/components/securitySchemes/"); found {
				w.graftKey(ensure(ensure(w.spec, "components"), "securitySchemes"), name, f.node)
			}
		}
	}
	w.dropUnused()
}

func (f fragment) childNode(key string) *yaml.Node { return child(f.node, key) }

func (w *writer) changed(matches func(Change) bool) bool {
	return slices.ContainsFunc(w.changes, matches)
}

// move renames an operation that the vendor has under another method or path.
func (w *writer) move(e endpoint) (endpoint, bool) {
	for _, c := range w.changes {
		target, found := strings.CutPrefix(c.What, "is now ")
		if !found || c.Place != e.String() {
			continue
		}
		method, path, _ := strings.Cut(target, " ")
		paths := child(w.spec, "paths")
		item := child(paths, e.path)
		operation, shared := child(item, strings.ToLower(e.method)), child(item, "parameters")
		removeKey(item, strings.ToLower(e.method))
		if !slices.ContainsFunc(methods, func(m string) bool { return child(item, m) != nil }) {
			removeKey(paths, e.path)
		}
		into := ensure(paths, path)
		if shared != nil && child(into, "parameters") == nil && pathParameter.MatchString(path) {
			setKey(into, "parameters", shared, -1)
		}
		setKey(into, strings.ToLower(method), operation, -1)
		return endpoint{method, path}, true
	}
	return endpoint{}, false
}

// operation writes the vendor's structure of an operation, and of the
// components that it uses.
func (w *writer) operation(e, to endpoint) {
	paths := child(w.spec, "paths")
	item := child(paths, e.path)
	if item == nil { // moved
		item = child(paths, to.path)
	}
	own := child(item, strings.ToLower(e.method))
	if own == nil {
		own = child(item, strings.ToLower(to.method))
	}
	source := w.fetched.operations[to]
	published := w.fragments["#/paths/"+source.endpoint.path+"/"+strings.ToLower(to.method)]
	if published.node == nil || own == nil {
		return
	}
	target := plain(published.node)
	if w.current.operations[e].source != "published" && child(target, "operationId") == nil {
		setKey(target, "operationId", child(own, "operationId"), -1) // usersync's own name
	}
	w.graft(own, target, "")
	for _, key := range []string{"parameters", "servers"} {
		shared := w.fragments["#/paths/"+source.endpoint.path+"/"+key]
		if shared.node != nil {
			w.graftKey(item, key, plain(shared.node))
			w.components(plain(shared.node))
		} else if key == "servers" {
			removeKey(item, key)
		}
	}
	w.components(target)
}

// components writes the components that a node of the vendor's refers to.
func (w *writer) components(node *yaml.Node) {
	for _, r := range references(node, "") {
		place := r.place()
		if w.done[r.target] || len(place) < 3 || place[0] != "components" {
			continue
		}
		w.done[r.target] = true
		f := w.fragments["#/"+strings.Join(place[:3], "/")]
		if f.node == nil {
			continue
		}
		target := plain(f.node)
		kind := ""
		if place[1] == "schemas" {
			kind = "schema"
		}
		w.graftIn(ensure(ensure(w.spec, "components"), place[1]), place[2], target, kind)
		w.components(target)
	}
}

// dropUnused removes schemas that were used before and that nothing refers to
// any more.
func (w *writer) dropUnused() {
	schemas := child(child(w.spec, "components"), "schemas")
	if schemas == nil || len(w.done) == 0 {
		return
	}
	used := make(map[string]bool)
	for _, r := range references(w.spec, "") {
		used[r.target] = true
	}
	for _, name := range keys(mapping(mapping(w.current.root["components"])["schemas"])) {
		ref := "#/components/schemas/" + name
		if _, published := w.fragments[ref]; !used[ref] && !published {
			removeKey(schemas, name)
		}
	}
}
