package userfile

import (
	"fmt"
	"maps"
	"slices"
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

func (c column) String() string { return strings.TrimPrefix(c.group+"."+c.name, ".") }

// schema is what the names in a file mean. Its maps have simplified names as keys.
type schema struct {
	groups []Group
	known  map[string]column
	names  map[string]column // in the file: known, renamed, or ignored ones without column
	unseen map[string]string // renamed names that the file has not had yet

	constants []column
	values    []Cell // of the constants
}

func newSchema(groups []Group, m Mapping) (*schema, error) {
	s := &schema{groups: groups, known: make(map[string]column), unseen: make(map[string]string)}
	for _, g := range groups {
		for _, name := range g.Columns {
			s.known[simplify(name)] = column{name: name}
			s.known[simplify(g.Name+"."+name)] = column{g.Name, name}
		}
	}
	s.names = maps.Clone(s.known)
	return s, m.apply(s)
}

// simplify makes "First Name", "first-name" and "first_name" equal, also with other dashes
// and with invisible characters.
func simplify(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// resolve returns the column that a name in the file means, or none if it is ignored.
func (s *schema) resolve(name string) (c column, isKnown bool) {
	name = simplify(name)
	delete(s.unseen, name)
	c, isKnown = s.names[name]
	return c, isKnown || name == ""
}

// unused reports renamed columns that the file does not have.
func (s *schema) unused() (problems []Problem) {
	for _, name := range slices.Sorted(maps.Values(s.unseen)) {
		problems = append(problems, Problem{Text: "the mapping renames " + Printable(name) + ", which is no column of the file"})
	}
	return problems
}

func (s *schema) isGroup(name string) bool {
	return slices.ContainsFunc(s.groups, func(g Group) bool { return g.Name == name })
}

const unknownColumn = "unknown column "

// unknownName is the problem of a name that is no column, with the closest known column.
func (s *schema) unknownName(name string) string {
	text := unknownColumn + Printable(name)
	letters := []rune(simplify(name))
	best, closest := min(3, len(letters)/2+1), "" // not every short name is like id
	for simple, column := range s.known {
		if d := distance(letters, []rune(simple)); d < best || d == best && column.String() < closest {
			best, closest = d, column.String()
		}
	}
	if closest != "" {
		text += fmt.Sprintf(" (did you mean %s?)", closest)
	}
	return text
}

// distance is the number of letters to insert, delete or replace to get from a to b.
func distance(a, b []rune) int {
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

// help lists the columns of the groups.
func help(groups []Group) string {
	text := "known columns:\n"
	for _, g := range groups {
		text += fmt.Sprintf("  %s: %s\n", g.Name, strings.Join(g.Columns, ", "))
	}
	return text + fmt.Sprintf("each also with a prefix, such as %s.%s\n", groups[0].Name, groups[0].Columns[0])
}
