package userfile

import (
	"fmt"
	"strings"
	"unicode"
)

// Group is a set of columns with a name. A file can have a column for all groups, such
// as "status", and one for a single group, such as "partoo.status".
type Group struct {
	Name    string
	Columns []string
}

// column is a known column: of one group, or of all if group is empty.
type column struct{ group, name string }

func (c column) String() string {
	if c.group == "" {
		return c.name
	}
	return c.group + "." + c.name
}

// schema is the set of known columns, by simplified name.
type schema struct {
	groups  []Group
	columns map[string]column
}

func newSchema(groups []Group) schema {
	s := schema{groups: groups, columns: make(map[string]column)}
	for _, g := range groups {
		for _, name := range g.Columns {
			s.columns[simplify(name)] = column{name: name}
			s.columns[simplify(g.Name+"."+name)] = column{g.Name, name}
		}
	}
	return s
}

// simplify makes "First Name", "first-name" and "first_name" equal.
func simplify(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

func (s schema) isGroup(name string) bool {
	for _, g := range s.groups {
		if g.Name == name {
			return true
		}
	}
	return false
}

const unknownColumn = "unknown column "

// unknown is the problem of a name that is no column, with the closest known column.
func (s schema) unknown(name string) string {
	text := unknownColumn + Printable(name)
	best, closest := 3, ""
	for known, column := range s.columns {
		if d := distance(simplify(name), known); d < best || d == best && column.String() < closest {
			best, closest = d, column.String()
		}
	}
	if closest != "" {
		text += fmt.Sprintf(" (did you mean %s?)", closest)
	}
	return text
}

// distance is the number of letters to insert, delete or replace to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Help lists the columns of the groups.
func Help(groups []Group) string {
	var b strings.Builder
	b.WriteString("known columns:\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "  %s: %s\n", g.Name, strings.Join(g.Columns, ", "))
	}
	fmt.Fprintf(&b, "each also with a prefix, such as %s.%s\n", groups[0].Name, groups[0].Columns[0])
	return b.String()
}
