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
func jsonRows(in io.Reader, names names) source {
	return func(yield func(row, []problem) bool) {
		r := jsonReader{names: names, shapes: make(map[string]*shape)}
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
			yield(row{}, []problem{readProblem(err)})
		}
	}
}

// maxShapes bounds what is kept of shapes. Files have a handful.
const maxShapes = 1000

// jsonReader reads lines. Those with the same names in the same order share a
// shape, so that their names need to be looked at once only.
type jsonReader struct {
	names  names
	shapes map[string]*shape // of lines without problems, by outline
	buffer []byte
}

func (r *jsonReader) row(line int, data []byte) (row, []problem) {
	if text := jsonComplaint(data); text != "" {
		return row{}, []problem{{line: line, text: text}}
	}
	if data[0] != '{' {
		return row{}, []problem{{line: line, text: "must be a JSON object"}}
	}
	object := string(data)
	outline, texts := r.outline(object)
	if s := r.shapes[string(outline)]; s != nil {
		return row{line, s, texts}, nil
	}
	b := rowBuilder{line: line, columns: make(map[string]int), texts: []string{}, names: r.names}
	b.object(object)
	s := r.names.shape(b.columns, false)
	if len(b.problems) == 0 && !bytes.ContainsRune(outline, '\\') { // an escaped name may be that of a provider
		if len(r.shapes) == maxShapes {
			clear(r.shapes)
		}
		r.shapes[string(outline)] = s
	}
	return row{line, s, b.texts}, b.problems
}

// outline is an object without its values, and those apart: all that is needed
// when an object with the same outline has been without problems. What joins the
// names cannot stand in one.
func (r *jsonReader) outline(object string) (outline []byte, texts []string) {
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
	names    names
	problems []problem
}

func (b *rowBuilder) object(data string) {
	members, text := membersOf(data)
	if text != "" {
		b.add("", text)
	}
	for _, m := range members {
		switch {
		case b.names.isProvider(m.name):
			b.nested(m)
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

func (b *rowBuilder) set(name string, m member) {
	if text := b.names.check(name); text != "" {
		b.add("", text)
		return
	}
	b.columns[name] = len(b.texts)
	b.texts = append(b.texts, m.value)
}

// nested takes what stands in the object of one provider.
func (b *rowBuilder) nested(object member) {
	if object.value == "null" {
		return
	}
	members, text := membersOf(object.value)
	if text != "" {
		b.add(object.name, text)
	}
	for _, m := range members {
		b.set(object.name+"."+m.name, m)
	}
}
