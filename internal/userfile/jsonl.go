package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// readJSON reads an object from every line that is not blank. Lines with the same names
// share a layout.
func (f *File) readJSON(text string, s *schema) {
	layouts := make(map[string]*Layout)
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		names, values, problems := s.flatten("", line)
		if len(problems) == 0 {
			key := strings.Join(names, "\n")
			if layouts[key] == nil {
				layouts[key] = s.newLayout(names, true)
			}
			if problems = layouts[key].problems; len(problems) == 0 {
				f.Rows = append(f.Rows, Row{Line: number, Layout: layouts[key], values: values, source: line})
			}
		}
		for _, text := range problems {
			f.Problems.Add(Problem{Line: number, Text: text})
		}
	}
}

// flatten returns the names and values of a line, or of the object of a group in it. The
// names in the object of a group get its name as prefix.
func (s *schema) flatten(group, text string) (names, values, problems []string) {
	members, err := parseObject(text)
	if err != nil {
		return nil, nil, []string{strings.TrimPrefix(group+": ", ": ") + err.Error()}
	}
	names, values = make([]string, 0, len(members)), make([]string, 0, len(members))
	for _, m := range members {
		prefix, _, dotted := strings.Cut(m.name, ".")
		switch isGroup := group == "" && s.isGroup(prefix); {
		case isGroup && dotted:
			problems = append(problems, fmt.Sprintf(`unknown key %s: put the fields of one provider in an object, such as {"%s": {…}}`, Printable(m.name), prefix))
		case isGroup && m.value == "null":
		case isGroup:
			innerNames, innerValues, innerProblems := s.flatten(m.name, m.value)
			names, values, problems = append(names, innerNames...), append(values, innerValues...), append(problems, innerProblems...)
		case strings.Contains(m.name, "\n"): // separates the names of a layout
			problems = append(problems, s.unknownName(m.name))
		default:
			names = append(names, strings.TrimPrefix(group+"."+m.name, "."))
			values = append(values, m.value)
		}
	}
	return names, values, problems
}

// member is one name of an object with its value as JSON.
type member struct{ name, value string }

// memberName is a name of an object. Each is a different key of a map, so that equal names
// are detected.
type memberName struct{ text *string }

func (n *memberName) UnmarshalText(text []byte) error {
	n.text = new(string(text))
	return nil
}

type memberValue string

func (v *memberValue) UnmarshalJSON(data []byte) error {
	*v = memberValue(data)
	return nil
}

// parseObject returns the members of a JSON object, sorted by name.
func parseObject(text string) ([]member, error) {
	if err := checkJSON(text); err != nil {
		return nil, err
	}
	var object map[memberName]memberValue
	err := json.Unmarshal([]byte(text), &object)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, fmt.Errorf("must be a JSON object: %w", e)
	}
	if err != nil || object == nil {
		return nil, errors.New("must be a JSON object")
	}
	members := make([]member, 0, len(object))
	for name, value := range object {
		members = append(members, member{*name.text, string(value)})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if members[i].name == members[i-1].name {
			return nil, fmt.Errorf("contains %s twice", Printable(members[i].name))
		}
	}
	return members, nil
}

// escape matches an escape sequence of JSON: a surrogate pair, a lone surrogate as
// submatch, or another one.
var escape = regexp.MustCompile(`(?i)\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)`)

// checkJSON rejects what encoding/json would replace by U+FFFD: invalid UTF-8 and lone
// surrogates.
func checkJSON(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("not valid UTF-8")
	}
	for _, m := range escape.FindAllStringSubmatch(text, -1) {
		if m[1] != "" {
			return errors.New(`contains the lone surrogate \` + strings.ToLower(m[1]))
		}
	}
	return nil
}
