package main

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// unseen is what a page of prose does not tell.
const unseen = "prose: types outside the table, required fields, limits, allowed values, statuses, error bodies and every other operation cannot be seen in it"

// compareProse compares a page without OpenAPI with the operation it describes,
// by what can be read off it with certainty.
func compareProse(report *Report, source, text string, ours *openapi3.T, schema string) {
	report.note(unseen)
	e, operation := proseOperation(ours, schema)
	if operation == nil {
		report.problem(fmt.Errorf("specs/%s.yaml: no operation takes %s", report.Provider, schema))
		return
	}
	changes, problems := readProse(source, lines(text), e, operation, schema)
	report.Changes = append(report.Changes, changes...)
	sortChanges(report.Changes)
	for _, problem := range problems {
		report.problem(problem)
	}
}

// proseOperation is the operation whose body a schema is.
func proseOperation(doc *openapi3.T, schema string) (endpoint, *openapi3.Operation) {
	for e, operation := range operations(doc) {
		if body := operation.RequestBody; body != nil {
			if media := body.Value.Content.Get("application/json"); media != nil && proseForm(media.Schema, schema) != nil {
				return e, operation
			}
		}
	}
	return endpoint{}, nil
}

// proseForm returns the schema with this name if it is ref or one of its forms.
func proseForm(ref *openapi3.SchemaRef, schema string) *openapi3.Schema {
	for _, form := range append(openapi3.SchemaRefs{ref}, ref.Value.AnyOf...) {
		if form.Ref == "#/components/schemas/"+schema {
			return form.Value
		}
	}
	return nil
}

func readProse(source string, page []string, e endpoint, operation *openapi3.Operation, name string) (changes []Change, problems []error) {
	schema := proseForm(operation.RequestBody.Value.Content.Get("application/json").Schema, name)
	c := proseComparison{e: e}
	if found, ok := endpointIn(page); !ok {
		problems = append(problems, fmt.Errorf("%s: no line with a method followed by one with a path", source))
	} else if found != e {
		c.add(Breaking, "", "is now "+found.String(), "requests go to an address that the vendor no longer documents")
	}
	allowed, line := allowedIn(page)
	if allowed == nil {
		problems = append(problems, fmt.Errorf("%s: no list of allowed attributes", source))
	} else {
		c.names(fmt.Sprintf("allowed attributes (line %d)", line), allowed, keys(schema.Properties))
	}
	table, err := tableIn(page)
	if err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", source, err))
	}
	for _, name := range keys(table) {
		c.tabled(schema, name, table[name], allowed)
	}
	if answer := answerIn(page); answer == nil {
		problems = append(problems, fmt.Errorf("%s: no example of an answer", source))
	} else {
		c.answer(operation, answer)
	}
	return c.changes, problems
}

type proseComparison struct {
	e       endpoint
	changes []Change
}

func (c *proseComparison) add(group Group, place, what, consequence string) {
	c.changes = append(c.changes, Change{
		Group: group, Place: strings.TrimSuffix(c.e.String()+", "+place, ", "), Operations: []string{c.e.String()}, What: what, Consequence: consequence,
	})
}

func (c *proseComparison) added(place, name string, at spot) {
	group, what, consequence := judgeProperty(leaf{action: "added", value: name}, at)
	c.add(group, place, what, consequence)
}

func (c *proseComparison) names(place string, theirs, ours []string) {
	for _, name := range theirs {
		if !slices.Contains(ours, name) {
			c.added(place, name, spot{request: true})
		}
	}
	for _, name := range ours {
		if !slices.Contains(theirs, name) {
			group, what, consequence := judgeProperty(leaf{kind: "properties", action: "deleted", value: name}, spot{request: true})
			c.add(group, place, what, consequence)
		}
	}
}

// tabled compares a row of the table.
func (c *proseComparison) tabled(schema *openapi3.Schema, name, kind string, allowed []string) {
	property, found := schema.Properties[name]
	switch {
	case !found && !slices.Contains(allowed, name):
		c.added("table", name, spot{request: true})
	case found && !property.Value.Type.Is(kind):
		c.add(Breaking, "table "+name, fmt.Sprintf("type changed from %s to %s", property.Value.Type.Slice()[0], kind), "a value of another type is refused: change the document, regenerate and mend the wrapper")
	}
}

// answer compares the example of an answer with what is read from it.
func (c *proseComparison) answer(operation *openapi3.Operation, answer map[string]any) {
	media := operation.Responses.Status(200).Value.Content.Get("application/json")
	schema := media.Schema.Value
	for _, name := range keys(answer) {
		property, found := schema.Properties[name]
		switch {
		case !found:
			c.added("example of the answer", name, spot{answer: true})
		case property.Value.VisitJSON(answer[name]) != nil:
			c.add(Breaking, "example of the answer", fmt.Sprintf("%s is not of type %s", name, property.Value.Type.Slice()[0]), "an answer that does not decode is an error")
		}
	}
	for _, name := range schema.Required {
		if _, found := answer[name]; !found {
			c.add(Breaking, "example of the answer", "field "+name+" is missing", "an answer without it is an error")
		}
	}
}

var (
	hidden = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)\s*>|<!--.*?-->`)
	inline = regexp.MustCompile(`(?i)</?(?:a|b|i|em|strong|code|span|u|small|mark)(?:\s[^>]*)?>`)
	tag    = regexp.MustCompile(`(?s)<[/!a-zA-Z][^>]*>`)
)

// lines are the lines of a page's text, without the tags of HTML or the marks of
// a table in Markdown. Each cell is a line of its own.
func lines(text string) []string {
	if strings.Contains(strings.ToLower(text), "</") && strings.Contains(strings.ToLower(text), "<html") {
		text = hidden.ReplaceAllString(text, "\n")
		text = tag.ReplaceAllString(inline.ReplaceAllString(text, ""), "\n")
		text = html.UnescapeString(text)
	}
	var all []string
	for line := range strings.Lines(text) {
		line = strings.Trim(strings.TrimSpace(line), "`*# ")
		if strings.HasPrefix(line, "|") {
			for cell := range strings.SplitSeq(strings.Trim(line, "| "), "|") {
				if cell = strings.Trim(cell, "`* :-"); cell != "" {
					all = append(all, cell)
				}
			}
			continue
		}
		all = append(all, line)
	}
	return all
}

var name = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// endpointIn finds a method on a line of its own with a path on the next.
func endpointIn(page []string) (endpoint, bool) {
	page = slices.DeleteFunc(slices.Clone(page), func(line string) bool { return line == "" })
	for i := range len(page) - 1 {
		method, path, together := strings.Cut(page[i], " ")
		if !together {
			path = page[i+1]
		}
		if slices.Contains(methods, strings.ToLower(method)) && strings.ToUpper(method) == method && strings.HasPrefix(path, "/") {
			return endpoint{method, path}, true
		}
	}
	return endpoint{}, false
}

// allowedIn finds the list of allowed attributes, which ends with a full stop.
func allowedIn(page []string) (names []string, line int) {
	for i, text := range page {
		_, listed, found := strings.Cut(text, "Allowed attributes:")
		if !found {
			continue
		}
		for j := i + 1; !strings.HasSuffix(listed, ".") && j < len(page) && page[j] != ""; j++ {
			listed += " " + page[j]
		}
		listed, _, _ = strings.Cut(listed, ".")
		for word := range strings.SplitSeq(listed, ",") {
			if word = strings.Trim(word, " `*\t"); name.MatchString(word) {
				names = append(names, word)
			}
		}
		return names, i + 1
	}
	return nil, 0
}

// What a table may call a type.
var types = map[string]string{
	"string": "string", "str": "string", "text": "string", "integer": "integer", "int": "integer", "number": "number",
	"float": "number", "boolean": "boolean", "bool": "boolean", "array": "array", "list": "array", "object": "object",
}

// tableIn reads the table of attributes: after the heads Data, Type and
// Description three cells a row, of which the first is a name and the second a
// type. It ends where that does.
func tableIn(page []string) (map[string]string, error) {
	page = slices.DeleteFunc(slices.Clone(page), func(line string) bool { return line == "" })
	start := -1
	for i := range len(page) - 2 {
		if strings.EqualFold(page[i], "Data") && strings.EqualFold(page[i+1], "Type") && strings.EqualFold(page[i+2], "Description") {
			start = i + 3
			break
		}
	}
	if start < 0 {
		return nil, fmt.Errorf("no table of attributes: want the heads Data, Type, Description")
	}
	table := make(map[string]string)
	for i := start; i+1 < len(page) && name.MatchString(page[i]); i += 3 {
		kind, found := types[strings.ToLower(page[i+1])]
		if !found {
			return table, fmt.Errorf("table: %s has the type %q, which is not known", page[i], page[i+1])
		}
		table[page[i]] = kind
	}
	if len(table) == 0 {
		return nil, fmt.Errorf("the table of attributes has no rows")
	}
	return table, nil
}

// answerIn finds the example of an answer: JSON after the word Response.
func answerIn(page []string) map[string]any {
	for i, line := range page {
		if !strings.EqualFold(strings.TrimSuffix(line, ":"), "Response") {
			continue
		}
		text := strings.Join(page[i+1:], "\n")
		if start := strings.Index(text, "{"); start >= 0 {
			var answer map[string]any
			if json.NewDecoder(strings.NewReader(text[start:])).Decode(&answer) == nil {
				return answer
			}
		}
	}
	return nil
}
