package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxJSONLine is the most bytes of one line.
const maxJSONLine = 1 << 20

// jsonRows yields a row for every line that is not blank.
func jsonRows(in io.Reader, names names) source {
	return func(yield func(row, []problem) bool) {
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, maxJSONLine)
		n := 0
		for lines.Scan() {
			n++
			line := bytes.TrimSpace(lines.Bytes())
			if len(line) > 0 && !yield(jsonRow(n, line, names)) {
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

func jsonRow(line int, data []byte, names names) (row, []problem) {
	b := rowBuilder{row: row{line: line, columns: make(map[string]int)}, names: names}
	members, text := membersOf(data)
	if text != "" {
		b.add("", text)
	}
	for _, m := range members {
		switch {
		case names.isProvider(m.name):
			b.nested(m)
		case strings.Contains(m.name, "."):
			b.add("", fmt.Sprintf(`unknown key %s: what is for one provider stands in an object, as in {"identifai": {"pricing_id": 2}}`, printable(m.name)))
		default:
			b.set(m.name, m)
		}
	}
	return b.row, b.problems
}

type rowBuilder struct {
	row      row
	names    names
	problems []problem
}

func (b *rowBuilder) add(column, text string) {
	b.problems = append(b.problems, problem{line: b.row.line, column: column, text: text})
}

func (b *rowBuilder) set(name string, m member) {
	if text := b.names.check(name); text != "" {
		b.add("", text)
		return
	}
	b.row.columns[name] = len(b.row.cells)
	b.row.cells = append(b.row.cells, cell{text: string(m.value), json: true})
}

// nested takes what stands in the object of one provider.
func (b *rowBuilder) nested(object member) {
	if string(object.value) == "null" {
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

// member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf takes an object apart, or says what is wrong with it.
func membersOf(data []byte) (members []member, text string) {
	if !utf8.Valid(data) {
		return nil, "must be valid UTF-8"
	}
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, "must be a JSON object: " + err.Error()
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if open, _ := d.Token(); open != json.Delim('{') {
		return nil, "must be a JSON object"
	}
	seen := make(map[string]bool)
	for d.More() { // what follows is valid: it was decoded above
		name, _ := d.Token()
		m := member{name: name.(string)}
		_ = d.Decode(&m.value)
		if seen[m.name] {
			return nil, "must not hold " + printable(m.name) + " twice"
		}
		seen[m.name] = true
		members = append(members, m)
	}
	return members, ""
}
