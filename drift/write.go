package main

import (
	"bytes"
	"errors"
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
	ours, err := loadDocument(file, before)
	if err != nil {
		return err
	}
	w := writer{
		spec: node.Content[0], ours: ours, theirs: vendor.spec, fragments: make(map[string]fragment), done: make(map[string]bool),
		nullable: strings.HasPrefix(text(ours.root["openapi"]), "3.0"), changes: report.Changes,
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
	spec         *yaml.Node
	ours, theirs *spec
	fragments    map[string]fragment // of the vendor, by reference
	done         map[string]bool     // components that were written
	nullable     bool                // the spec writes null as 3.0 does
	changes      []Change
}

func (w *writer) apply() {
	published := make(map[string]endpoint)
	for e := range w.theirs.operations {
		published[e.shape()] = e
	}
	for _, e := range sortedEndpoints(w.ours.operations) {
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
	source := w.theirs.operations[to]
	published := w.fragments["#/paths/"+source.endpoint.path+"/"+strings.ToLower(to.method)]
	if published.node == nil || own == nil {
		return
	}
	target := plain(published.node)
	if w.ours.operations[e].source != "published" && child(target, "operationId") == nil {
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

// graftKey writes the value of a key; nil removes it.
func (w *writer) graftKey(into *yaml.Node, key string, value *yaml.Node) {
	if value == nil {
		removeKey(into, key)
		return
	}
	w.graftIn(into, key, plain(value), "")
}

func (w *writer) graftIn(into *yaml.Node, key string, value *yaml.Node, kind string) {
	if own := child(into, key); own != nil {
		w.graft(own, value, kind)
		return
	}
	setKey(into, key, w.withoutProse(value, nameMaps[key], kind), -1)
}

// graft gives own the structure of target. Descriptions, examples and
// extensions of own stay, and so does a schema that means the same. kind is
// "schema", "names" for a mapping of names to schemas, or "".
func (w *writer) graft(own, target *yaml.Node, kind string) {
	if kind == "schema" && w.sameMeaning(own, target) {
		return
	}
	switch {
	case own.Kind != target.Kind:
		replaceNode(own, w.withoutProse(target, kind == "names", kind))
	case own.Kind == yaml.ScalarNode:
		if own.Value != target.Value || own.Tag != target.Tag {
			own.Value, own.Tag, own.Style = target.Value, target.Tag, target.Style
		}
	case own.Kind == yaml.SequenceNode:
		w.graftList(own, target, kind)
	default:
		w.graftMapping(own, target, kind)
	}
}

func (w *writer) graftMapping(own, target *yaml.Node, kind string) {
	names := kind == "names" || kind == "named"
	if kind == "schema" {
		target = w.convertNull(target)
	}
	for i := len(own.Content) - 2; i >= 0; i -= 2 {
		key := own.Content[i].Value
		if child(target, key) == nil && (names || !isProse(key)) {
			removeKey(own, key)
		}
	}
	position := -1
	for i := 0; i+1 < len(target.Content); i += 2 {
		key, value := target.Content[i].Value, target.Content[i+1]
		if !names && isProse(key) {
			continue
		}
		inner := kindBelow(key, kind)
		if at := keyIndex(own, key); at >= 0 {
			w.graft(own.Content[at+1], value, inner)
			position = at
			continue
		}
		position += 2
		if position < 0 || position > len(own.Content) || position == 1 {
			position = len(own.Content)
		}
		setKey(own, key, w.withoutProse(value, inner == "names" || inner == "named", inner), position)
	}
}

// kindBelow is the kind of the value of a key.
func kindBelow(key, kind string) string {
	switch {
	case kind == "names":
		return "schema"
	case kind == "named":
		return ""
	case key == "schema", kind == "schema" && slices.Contains([]string{"items", "additionalProperties", "not", "allOf", "oneOf", "anyOf"}, key):
		return "schema"
	case key == "properties" && kind == "schema":
		return "names"
	case nameMaps[key]:
		return "named"
	}
	return ""
}

// graftList keeps the items of own that target has too, in their order, and adds
// the others.
func (w *writer) graftList(own, target *yaml.Node, kind string) {
	var kept []*yaml.Node
	rest := slices.Clone(target.Content)
	for _, item := range own.Content {
		i := slices.IndexFunc(rest, func(other *yaml.Node) bool { return itemKey(item) == itemKey(other) })
		if i < 0 {
			continue
		}
		w.graft(item, rest[i], kind)
		kept = append(kept, item)
		rest = slices.Delete(rest, i, i+1)
	}
	for _, item := range rest {
		kept = append(kept, w.withoutProse(item, false, kind))
	}
	own.Content = kept
}

// itemKey identifies an item of a list: a parameter by place and name, a server
// by URL, anything else by its value.
func itemKey(item *yaml.Node) string {
	if item.Kind == yaml.MappingNode {
		for _, keys := range [][]string{{"$ref"}, {"in", "name"}, {"url"}, {"name"}} {
			var parts []string
			for _, key := range keys {
				if value := child(item, key); value != nil {
					parts = append(parts, value.Value)
				}
			}
			if len(parts) == len(keys) {
				return strings.Join(parts, " ")
			}
		}
	}
	var value any
	if err := item.Decode(&value); err != nil {
		return item.Value
	}
	return canonical(normalized(value, false))
}

// sameMeaning compares two schemas of the specs.
func (w *writer) sameMeaning(own, target *yaml.Node) bool {
	decode := func(node *yaml.Node) (any, error) {
		budget := maxNodes
		return new(document).decode(node, &budget)
	}
	a, errA := decode(own)
	b, errB := decode(target)
	if errors.Join(errA, errB) != nil {
		return false
	}
	// A component is written for itself; a reference to it means the same.
	if ref := text(mapping(a)["$ref"]); ref != "" && len(mapping(b)) == 1 && text(mapping(b)["$ref"]) == ref {
		return true
	}
	c := newComparison(w.ours, w.theirs)
	return c.equal(a, b, inRequest) && c.equal(a, b, inResponse)
}

// convertNull writes the alternative null as the spec's version does.
func (w *writer) convertNull(node *yaml.Node) *yaml.Node {
	kind := child(node, "type")
	if w.nullable && kind != nil && kind.Kind == yaml.SequenceNode {
		node = copyNode(node)
		kind = child(node, "type")
		before := len(kind.Content)
		kind.Content = slices.DeleteFunc(kind.Content, func(n *yaml.Node) bool { return n.Value == "null" })
		if len(kind.Content) < before {
			setKey(node, "nullable", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}, -1)
		}
		if len(kind.Content) == 1 {
			replaceNode(kind, kind.Content[0])
		}
	}
	if mark := child(node, "nullable"); !w.nullable && mark != nil && kind != nil && kind.Kind == yaml.ScalarNode {
		node = copyNode(node)
		isNull := child(node, "nullable").Value == "true"
		removeKey(node, "nullable")
		if isNull {
			null := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "null", Style: yaml.SingleQuotedStyle}
			replaceNode(child(node, "type"), &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{copyNode(kind), null}})
		}
	}
	return node
}

// withoutProse copies a node without the vendor's descriptions and examples.
func (w *writer) withoutProse(node *yaml.Node, names bool, kind string) *yaml.Node {
	if kind == "schema" && node.Kind == yaml.MappingNode {
		node = w.convertNull(node)
	}
	result := *node
	result.HeadComment, result.LineComment, result.FootComment, result.Anchor = "", "", "", ""
	result.Style &^= yaml.FlowStyle
	result.Content = nil
	for i := 0; i < len(node.Content); i++ {
		if node.Kind != yaml.MappingNode {
			result.Content = append(result.Content, w.withoutProse(node.Content[i], false, kind))
			continue
		}
		key, value := node.Content[i], node.Content[i+1]
		i++
		if !names && isProse(key.Value) && (key.Value != "description" || !isResponse(node, kind)) {
			continue
		}
		if !names && key.Value == "description" {
			value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "To be described."}
		}
		inner := kindBelow(key.Value, kind)
		if names {
			inner = kindBelow("", kind)
		}
		result.Content = append(result.Content, copyNode(key), w.withoutProse(value, !names && (inner == "names" || inner == "named"), inner))
	}
	if len(result.Content) == 0 && node.Kind != yaml.ScalarNode {
		result.Style = yaml.FlowStyle
	}
	return &result
}

// isResponse recognises a response, which must have a description.
func isResponse(node *yaml.Node, kind string) bool {
	return kind == "" && !slices.ContainsFunc([]string{"in", "schema", "url", "name", "type"}, func(key string) bool { return child(node, key) != nil })
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
	for _, name := range keys(mapping(mapping(w.ours.root["components"])["schemas"])) {
		ref := "#/components/schemas/" + name
		if _, published := w.fragments[ref]; !used[ref] && !published {
			removeKey(schemas, name)
		}
	}
}

// plain copies a node without aliases and merge keys.
func plain(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return plain(node.Alias)
	}
	result := *node
	result.Anchor = ""
	result.Content = nil
	for i := 0; i < len(node.Content); i++ {
		if node.Kind == yaml.MappingNode && i%2 == 0 && node.Content[i].Tag == "!!merge" {
			source := plain(node.Content[i+1])
			i++
			for k := 0; k+1 < len(source.Content); k += 2 {
				if child(node, source.Content[k].Value) == nil {
					result.Content = append(result.Content, source.Content[k], source.Content[k+1])
				}
			}
			continue
		}
		result.Content = append(result.Content, plain(node.Content[i]))
	}
	return &result
}

func copyNode(node *yaml.Node) *yaml.Node { return plain(node) }

// replaceNode gives a node another value and keeps its comments.
func replaceNode(node, value *yaml.Node) {
	head, line, foot := node.HeadComment, node.LineComment, node.FootComment
	*node = *value
	node.HeadComment, node.LineComment, node.FootComment = head, line, foot
}

func ensure(node *yaml.Node, key string) *yaml.Node {
	if inner := child(node, key); inner != nil {
		return inner
	}
	inner := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	setKey(node, key, inner, -1)
	return inner
}

// setKey sets the value of a key, or inserts the key at an index; -1 is the end.
func setKey(node *yaml.Node, key string, value *yaml.Node, at int) {
	if value == nil {
		return
	}
	if i := keyIndex(node, key); i >= 0 {
		node.Content[i+1] = value
		return
	}
	if at < 0 || at > len(node.Content) {
		at = len(node.Content)
	}
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
	if _, err := fmt.Sscanf(key, "%d", new(int)); err == nil {
		name.Style = yaml.SingleQuotedStyle // a status
	}
	node.Content = slices.Insert(node.Content, at, name, value)
	if len(node.Content) > 2 {
		node.Style &^= yaml.FlowStyle
	}
}

func removeKey(node *yaml.Node, key string) {
	if i := keyIndex(node, key); i >= 0 {
		node.Content = slices.Delete(node.Content, i, i+2)
	}
}

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
