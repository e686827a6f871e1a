package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonRows yields a row for every line that is not blank.
func jsonRows(in io.Reader, names columnNames) rowSeq {
	return func(yield func(row, []problem) bool) {
		r := jsonReader{names: names, layouts: make(map[string]*layout)}
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 0, inputBuffer), maxRow)
		n := 0
		for lines.Scan() {
			n++
			line := bytes.TrimSpace(lines.Bytes())
			if len(line) > 0 && !yield(r.row(n, line)) {
				return
			}
		}
		switch err := lines.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(row{}, []problem{{line: n + 1, text: "longer than 1 MiB"}})
		case err != nil:
			yield(row{}, []problem{readError(err)})
		}
	}
}

// maxLayouts bounds what is kept of shapes. Files have a handful.
const maxLayouts = 1000

// jsonReader reads lines. Those with the same names in the same order share a
// shape, so that their names need to be looked at once only.
type jsonReader struct {
	names   columnNames
	layouts map[string]*layout // of lines without problems, by outline
	buffer  []byte
}

func (r *jsonReader) row(line int, data []byte) (row, []problem) {
	if text := jsonProblem(data); text != "" {
		return row{}, []problem{{line: line, text: text}}
	}
	if data[0] != '{' {
		return row{}, []problem{{line: line, text: "must be a JSON object"}}
	}
	object := string(data)
	outline, texts := r.splitValues(object)
	if s := r.layouts[string(outline)]; s != nil {
		return row{line, s, texts}, nil
	}
	b := rowBuilder{line: line, columns: make(map[string]int), texts: []string{}, names: r.names}
	b.addObject(object)
	s := r.names.layout(b.columns, false)
	if len(b.problems) == 0 && !bytes.ContainsRune(outline, '\\') { // an escaped name may be that of a provider
		if len(r.layouts) == maxLayouts {
			clear(r.layouts)
		}
		r.layouts[string(outline)] = s
	}
	return row{line, s, b.texts}, b.problems
}

// splitValues is an object without its values, and those apart: all that is needed
// when an object with the same outline has been without problems. What joins the
// names cannot stand in one.
func (r *jsonReader) splitValues(object string) (outline []byte, texts []string) {
	outline = r.buffer[:0]
	texts = make([]string, 0, 16)
	for name, value := range rawMembers(object) {
		outline = append(outline, name...)
		if !r.names.isProvider(name[1 : len(name)-1]) {
			texts = append(texts, value)
			continue
		}
		outline = append(outline, value[0]) // of "null", "{" or what is a problem
		if value[0] != '{' {
			continue
		}
		for name, value := range rawMembers(value) {
			outline = append(outline, name...)
			texts = append(texts, value)
		}
		outline = append(outline, '}')
	}
	r.buffer = outline
	return outline, texts
}

// rowBuilder makes the row of an object whose outline is new.
type rowBuilder struct {
	line     int
	columns  map[string]int
	texts    []string
	names    columnNames
	problems []problem
}

func (b *rowBuilder) addObject(data string) {
	members, text := parseObject(data)
	if text != "" {
		b.add("", text)
	}
	for _, m := range members {
		switch {
		case b.names.isProvider(m.name):
			b.addProviderObject(m)
		case strings.Contains(m.name, "."):
			b.add("", fmt.Sprintf(`unknown key %s: what is for one provider stands in an object, as in {"identifai": {"pricing_id": 2}}`, printable(m.name)))
		default:
			b.set(m.name, m)
		}
	}
}

func (b *rowBuilder) add(column, text string) {
	b.problems = append(b.problems, problem{line: b.line, column: column, text: text})
}

func (b *rowBuilder) set(name string, m jsonMember) {
	if text := b.names.problem(name); text != "" {
		b.add("", text)
		return
	}
	b.columns[name] = len(b.texts)
	b.texts = append(b.texts, m.value)
}

// addProviderObject takes what stands in the object of one provider.
func (b *rowBuilder) addProviderObject(object jsonMember) {
	if object.value == "null" {
		return
	}
	members, text := parseObject(object.value)
	if text != "" {
		b.add(object.name, text)
	}
	for _, m := range members {
		b.set(object.name+"."+m.name, m)
	}
}
