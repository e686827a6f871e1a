package main

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
)

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// attributeRow is a row of a table of attributes.
type attributeRow struct {
	name     string
	types    []string
	required bool
}

// Headings of the columns, in lower case.
var (
	nameHeadings = []string{"data", "attribute", "attributes", "name", "field", "fields", "parameter", "parameters", "param", "key", "property", "argument"}
	typeHeadings = []string{"type", "data type", "format", "value type"}
	required     = []string{"required", "mandatory"}
	headings     = slices.Concat(nameHeadings, typeHeadings, required, []string{"description", "default", "example", "notes", "optional", "comment", "value"})
)

// attributeTable reads the table of attributes. Its headings may differ from page to page.
func (a article) attributeTable() ([]attributeRow, error) {
	for _, table := range a.tables {
		if rows := rowsOf(table); len(rows) > 0 {
			return rows, nil
		}
	}
	for i := range a.lines {
		if rows := rowsBelow(a.lines, i); len(rows) > 0 {
			return rows, nil
		}
	}
	return nil, errors.New("no table of attributes: want columns with name and type")
}

func rowsOf(table [][]string) []attributeRow {
	if len(table) < 2 {
		return nil
	}
	column := func(names []string) int {
		return slices.IndexFunc(table[0], func(cell string) bool { return slices.Contains(names, strings.ToLower(cell)) })
	}
	name, kind, mandatory := column(nameHeadings), column(typeHeadings), column(required)
	if name < 0 || kind < 0 {
		return nil
	}
	var rows []attributeRow
	for _, cells := range table[1:] {
		if len(cells) <= max(name, kind) || !identifier.MatchString(cells[name]) {
			continue
		}
		row := attributeRow{name: cells[name], types: typesIn(cells[kind])}
		row.required = mandatory >= 0 && mandatory < len(cells) && isYes(cells[mandatory])
		rows = append(rows, row)
	}
	return rows
}

// rowsBelow reads a table whose cells are lines, below headings at line i.
func rowsBelow(lines []string, i int) []attributeRow {
	columns, mandatory := 0, -1
	if !slices.Contains(nameHeadings, strings.ToLower(lines[i])) {
		return nil
	}
	for ; i < len(lines) && slices.Contains(headings, strings.ToLower(lines[i])); i++ {
		if slices.Contains(required, strings.ToLower(lines[i])) {
			mandatory = columns
		}
		columns++
	}
	if columns < 2 {
		return nil
	}
	var rows []attributeRow
	for i+1 < len(lines) && identifier.MatchString(lines[i]) {
		row := attributeRow{name: lines[i], types: typesIn(lines[i+1])}
		if mandatory > 0 && i+mandatory < len(lines) {
			row.required = isYes(lines[i+mandatory])
		}
		rows = append(rows, row)
		next := nextRow(lines, i, columns)
		if next < 0 {
			break
		}
		i = next
	}
	return rows
}

// nextRow returns the line of the next row. A description may be empty or take
// several lines.
func nextRow(lines []string, i, columns int) int {
	const longest = 12
	for j := i + 2; j+1 < len(lines) && j < i+longest; j++ {
		if strings.HasPrefix(lines[j], "curl ") || strings.HasPrefix(lines[j], "{") || strings.EqualFold(strings.TrimSuffix(lines[j], ":"), "response") {
			return -1
		}
		unknown := j-i >= columns && identifier.MatchString(lines[j+1]) && (j+2 == len(lines) || !isType(lines[j+2]))
		if identifier.MatchString(lines[j]) && !isYes(lines[j]) && (isType(lines[j+1]) || unknown) {
			return j
		}
	}
	return -1
}

func isType(cell string) bool { return len(knownTypes(cell)) > 0 && len(strings.Fields(cell)) <= 3 }

func isYes(cell string) bool {
	return slices.Contains([]string{"yes", "true", "required", "mandatory", "tak"}, strings.ToLower(strings.Trim(cell, "*")))
}

// Types by the words that a table may use.
var typeWords = map[string]string{
	"string": "string", "str": "string", "text": "string", "char": "string", "varchar": "string", "email": "string", "url": "string",
	"integer": "integer", "int": "integer", "number": "number", "float": "number", "decimal": "number", "double": "number", "fixed": "number",
	"boolean": "boolean", "bool": "boolean", "array": "array", "list": "array", "strings": "string", "integers": "integer",
	"object": "object", "dict": "object", "dictionary": "object", "json": "object", "hash": "object",
}

// typesIn returns the types that a cell may mean. An unknown word is text.
func typesIn(cell string) []string {
	if types := knownTypes(cell); len(types) > 0 {
		return types
	}
	return []string{"string"}
}

func knownTypes(cell string) []string {
	var types []string
	for _, word := range strings.FieldsFunc(strings.ToLower(cell), func(r rune) bool { return r < 'a' || r > 'z' }) {
		if name, found := typeWords[word]; found {
			if types = append(types, name); name == "array" {
				break // a list of anything
			}
		}
	}
	return types
}

var allowedList = regexp.MustCompile(`(?i)\b(allowed|available|supported|accepted|standard) (attributes|fields|parameters)\b[^:]*:(.*)`)

// allowedAttributes reads the list of allowed attributes, which ends with a full
// stop.
func (a article) allowedAttributes() []string {
	var names []string
	for i, line := range a.lines {
		match := allowedList.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		listed := match[3]
		for j := i + 1; !strings.HasSuffix(listed, ".") && j < len(a.lines) && j < i+40 && !slices.Contains(headings, strings.ToLower(a.lines[j])); j++ {
			listed += " " + a.lines[j]
		}
		listed, _, _ = strings.Cut(listed, ".")
		for word := range strings.FieldsFuncSeq(listed, func(r rune) bool { return r == ',' || r == ';' }) {
			if fields := strings.Fields(strings.Trim(word, " `*\t")); len(fields) > 0 {
				if name := strings.Trim(fields[len(fields)-1], "`*"); identifier.MatchString(name) {
					names = append(names, name)
				}
			}
		}
		if len(names) > 0 {
			return names
		}
	}
	return nil
}

// responseExample finds the example of a response: JSON after the word Response.
func (a article) responseExample() any {
	for i, line := range a.lines {
		heading := strings.ToLower(strings.TrimSuffix(line, ":"))
		if !strings.HasSuffix(heading, "response") && !strings.HasPrefix(heading, "response") && !strings.HasPrefix(heading, "example response") {
			continue
		}
		text := strings.Join(a.lines[i+1:min(i+60, len(a.lines))], "\n")
		if start := strings.IndexAny(text, "{["); start >= 0 && start < 200 {
			var example any
			if json.NewDecoder(strings.NewReader(text[start:])).Decode(&example) == nil {
				return example
			}
		}
	}
	return nil
}

var pathLine = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE)\s+(\S*/\S*)$`)

// endpoint finds a method with a path, on one line or on two.
func (a article) endpoint() (endpoint, bool) {
	for i, line := range a.lines {
		if i+1 < len(a.lines) && slices.Contains(methods, strings.ToLower(line)) && strings.ToUpper(line) == line {
			line += " " + a.lines[i+1]
		}
		if match := pathLine.FindStringSubmatch(line); match != nil {
			return endpoint{match[1], match[2]}, true
		}
	}
	return endpoint{}, false
}

var notice = regexp.MustCompile(`(?i)\bdeprecat|\bdiscontinu|\bsunset|\bobsolete|\bno longer (supported|maintained|available|recommended)|\bwill be (removed|retired|turned off|shut down|disabled)|\bend[ -]of[ -]life|\bwycofan|\bprzestarza`)

var codeLine = regexp.MustCompile(`[{}]|;$|\w\(|=\s*["']`)

// deprecations are the lines that announce an end.
func (a article) deprecations() []string {
	var lines []string
	for _, line := range a.lines {
		if notice.MatchString(line) && !codeLine.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}
