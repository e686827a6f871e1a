package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonReader reads lines. Lines with the same names share a layout.
type jsonReader struct {
	schema  *schema
	layouts map[string]*Layout // by their names

	// Of the current line: the names, each with a line break, the values, and their ends.
	names, values []byte
	ends          []int
}

// readJSON reads an object from every line that is not blank.
func (f *File) readJSON(text string, s *schema) {
	r := jsonReader{schema: s, layouts: make(map[string]*Layout)}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		row, problems := r.row(line)
		row.Line = number
		for _, p := range problems {
			p.Line = number
			f.Problems.Add(p)
		}
		if len(problems) == 0 {
			f.Rows = append(f.Rows, row)
		}
	}
}

func (r *jsonReader) row(line string) (Row, []Problem) {
	r.names, r.values, r.ends = r.names[:0], r.values[:0], r.ends[:0]
	problems := r.add("", line)
	if len(problems) > 0 {
		return Row{}, problems
	}
	layout := r.layouts[string(r.names)]
	if layout == nil {
		names := strings.Split(string(r.names), "\n")
		layout = r.schema.newLayout(names[:len(names)-1], true)
		r.layouts[string(r.names)] = layout
	}
	for _, text := range layout.problems {
		problems = append(problems, Problem{Text: text})
	}
	return Row{Layout: layout, values: r.split(), source: line}, problems
}

// split returns the values of the current line. They share one string, which takes less
// memory than one for each.
func (r *jsonReader) split() []string {
	all, start := string(r.values), 0
	values := make([]string, 0, len(r.ends))
	for _, end := range r.ends {
		values = append(values, all[start:end])
		start = end
	}
	return values
}

// add adds the members of the line, or of the object of a group in it.
func (r *jsonReader) add(group, text string) (problems []Problem) {
	members, err := parseObject(text)
	if err != nil {
		return []Problem{{Column: group, Text: err.Error()}}
	}
	for _, m := range members {
		prefix, _, dotted := strings.Cut(m.name, ".")
		switch isGroup := group == "" && r.schema.isGroup(prefix); {
		case isGroup && dotted:
			problems = append(problems, Problem{Text: fmt.Sprintf(`unknown key %s: put the fields of one provider in an object, such as {"%s": {…}}`, Printable(m.name), prefix)})
		case isGroup && string(m.value) == "null":
		case isGroup:
			problems = append(problems, r.add(m.name, string(m.value))...)
		case strings.Contains(m.name, "\n"):
			problems = append(problems, Problem{Text: r.schema.unknownName(m.name)})
		default:
			if group != "" {
				r.names = append(append(r.names, group...), '.')
			}
			r.names = append(append(r.names, m.name...), '\n')
			r.values = append(r.values, m.value...)
			r.ends = append(r.ends, len(r.values))
		}
	}
	return problems
}

// member is one name of an object with its value.
type member struct {
	name  string
	value json.RawMessage
}

// memberName is the name of a member. Each is a different key of a map, so that equal
// names in an object are detected.
type memberName struct{ text *string }

// UnmarshalText is called by encoding/json.
func (n *memberName) UnmarshalText(text []byte) error {
	n.text = new(string(text))
	return nil
}

// parseObject returns the members of a JSON object, sorted by name.
func parseObject(text string) ([]member, error) {
	if err := checkJSON(text); err != nil {
		return nil, err
	}
	var object map[memberName]json.RawMessage
	err := json.Unmarshal([]byte(text), &object)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, fmt.Errorf("must be a JSON object: %w", e)
	}
	if err != nil || object == nil {
		return nil, errors.New("must be a JSON object")
	}
	members := make([]member, 0, len(object))
	for name, value := range object {
		members = append(members, member{*name.text, value})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if members[i].name == members[i-1].name {
			return nil, fmt.Errorf("contains %s twice", Printable(members[i].name))
		}
	}
	return members, nil
}

// checkJSON rejects what encoding/json would replace by U+FFFD: invalid UTF-8 and lone
// surrogates.
func checkJSON(text string) error {
	if !utf8.ValidString(text) {
		return errors.New(notUTF8)
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		first := escaped(text[i:])
		if !utf16.IsSurrogate(first) {
			continue
		}
		if i += 5; utf16.DecodeRune(first, escaped(strings.TrimPrefix(text[i:], `\`))) == utf8.RuneError {
			return fmt.Errorf(`contains the lone surrogate \u%04x`, first)
		}
		i += 5
	}
	return nil
}

// escaped is the UTF-16 code unit of an escape such as u00e9, 0 for another text.
func escaped(text string) rune {
	if len(text) < 5 || text[0] != 'u' {
		return 0
	}
	unit, _ := strconv.ParseUint(text[1:5], 16, 16)
	return rune(unit)
}
