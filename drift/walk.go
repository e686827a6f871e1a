package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/oasdiff/oasdiff/diff"
)

// walker turns oasdiff's tree of differences into a list. It visits every field
// of it, so that nothing oasdiff finds can be lost, however new.
type walker struct {
	found map[string]*Change
	seen  map[string]bool // operation, direction and component
}

func walk(d *diff.Diff) []Change {
	if d == nil { // nothing differs
		return nil
	}
	w := walker{found: make(map[string]*Change), seen: make(map[string]bool)}
	paths := d.PathsDiff
	if paths != nil {
		for _, path := range paths.Added {
			w.operations(path, keys(paths.Revision.Value(path).Operations()), "added")
		}
		for _, path := range paths.Deleted {
			w.operations(path, keys(paths.Base.Value(path).Operations()), "deleted")
		}
		for _, path := range keys(paths.Modified) {
			w.path(path, paths.Modified[path])
		}
	}
	if d.ComponentsDiff != nil {
		w.value(reflect.ValueOf(d.ComponentsDiff.SecuritySchemesDiff), "securitySchemes", spot{where: "security scheme"})
	}
	top := *d
	top.PathsDiff, top.ComponentsDiff, top.EndpointsDiff = nil, nil, nil
	w.value(reflect.ValueOf(top), "document", spot{where: "document"})

	changes := make([]Change, 0, len(w.found))
	for _, key := range keys(w.found) {
		changes = append(changes, *w.found[key])
	}
	return changes
}

func (w walker) operations(path string, methods []string, action string) {
	for _, method := range methods {
		w.report(leaf{kind: "operation", action: action}, spot{operation: method + " " + path})
	}
}

func (w walker) path(path string, d *diff.PathDiff) {
	if d.OperationsDiff != nil {
		w.operations(path, d.OperationsDiff.Added, "added")
		w.operations(path, d.OperationsDiff.Deleted, "deleted")
		for _, method := range keys(d.OperationsDiff.Modified) {
			m := d.OperationsDiff.Modified[method]
			w.value(reflect.ValueOf(*m), "operation", spot{operation: method + " " + path, mandatory: mandatoryIn(m)})
		}
	}
	rest := *d
	rest.OperationsDiff = nil
	w.value(reflect.ValueOf(rest), "path", spot{where: "path " + path})
}

// mandatoryIn tells whether a part that is new must be sent.
func mandatoryIn(m *diff.MethodDiff) func(kind, name string) bool {
	return func(kind, name string) bool {
		switch {
		case m.Revision == nil:
			return true
		case kind == "requestBody":
			return m.Revision.RequestBody != nil && m.Revision.RequestBody.Value.Required
		}
		for _, p := range m.Revision.Parameters {
			if p.Value.Name == name && p.Value.Required {
				return true
			}
		}
		return false
	}
}

// Fields that repeat what others say.
var derived = []string{"listOfTypes", "oneOfWrapping", "nullableWrapping", "endpoints"}

func (w walker) value(v reflect.Value, kind string, at spot) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		switch d := v.Interface().(type) {
		case *diff.ValueDiff:
			w.report(leaf{kind: kind, action: "changed", from: d.From, to: d.To}, at)
			return
		case *diff.ModifiedSubschema:
			w.value(reflect.ValueOf(d.Diff), kind, at)
			return
		case *diff.SchemaDiff:
			w.schema(d, kind, at)
			return
		}
		w.value(v.Elem(), kind, at)
	case reflect.Struct:
		w.fields(v, kind, at)
	case reflect.Map:
		w.entries(v, kind, at)
	case reflect.Slice:
		for i := range v.Len() {
			w.value(v.Index(i), kind, at)
		}
	}
}

func (w walker) schema(d *diff.SchemaDiff, kind string, at spot) {
	if d.BaseComponent != "" {
		visit := fmt.Sprint(at.operation, at.request, at.answer, d.BaseComponent)
		if w.seen[visit] {
			return
		}
		w.seen[visit] = true
		at.where, at.field = "schema "+d.BaseComponent, ""
	}
	w.fields(reflect.ValueOf(*d), kind, at)
}

func (w walker) fields(v reflect.Value, kind string, at spot) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		value := v.Field(i)
		switch {
		case !field.IsExported() || name == "-" || slices.Contains(derived, name):
		case field.Anonymous:
			w.fields(value, kind, at)
		case name == "added", name == "deleted":
			w.leaves(value, kind, name, at)
		case value.Kind() == reflect.Bool:
			if value.Bool() {
				w.report(leaf{kind: kind, action: name}, at)
			}
		case name == "modified":
			w.value(value, kind, at)
		default:
			w.value(value, name, below(at, name, ""))
		}
	}
}

// leaves reports what was added or deleted: names, enum values, or parameters
// by where they travel.
func (w walker) leaves(v reflect.Value, kind, action string, at spot) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			w.report(leaf{kind: kind, action: action}, at)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			w.leaves(v.MapIndex(key), kind, action, below(at, kind, key.String()))
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.report(leaf{kind: kind, action: action, value: v.Index(i).Interface()}, at)
		}
	default:
		if v.IsValid() && !v.IsZero() {
			w.report(leaf{kind: kind, action: action, value: v.Interface()}, at)
		}
	}
}

func (w walker) entries(v reflect.Value, kind string, at spot) {
	names := make(map[string]reflect.Value, v.Len())
	for _, key := range v.MapKeys() {
		names[fmt.Sprint(key.Interface())] = v.MapIndex(key)
	}
	for _, name := range keys(names) {
		w.value(names[name], kind, below(at, kind, name))
	}
}

// report notes a difference, or another operation that it reaches.
func (w walker) report(l leaf, at spot) {
	group, what, consequence := judge(l, at)
	if l.kind == "openAPI" && minor(l.from) == minor(l.to) {
		return
	}
	place := at.String()
	shared := strings.HasPrefix(at.where, "schema ")
	if !shared && at.operation != "" {
		place = strings.TrimSuffix(at.operation+", "+place, ", ")
	}
	key := fmt.Sprintf("%s\x00%s\x00%s", place, l.kind, what)
	change, found := w.found[key]
	if !found {
		change = &Change{Group: group, Place: place, What: what, Consequence: consequence}
		w.found[key] = change
	}
	if at.operation != "" && !slices.Contains(change.Operations, at.operation) {
		change.Operations = append(change.Operations, at.operation)
	}
	if group.rank() < change.Group.rank() {
		change.Group, change.Consequence = group, consequence
	}
}

func minor(version any) string {
	parts := strings.SplitN(fmt.Sprint(version), ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}
