package userfile

// Row is one row of a file.
type Row struct {
	Line    int      // the first line of the row
	*Layout          // of its columns
	values  []string // CSV: the cells; JSONL: the values as JSON
	source  string   // JSONL: the line
}

// Layout is the arrangement of columns that rows have in common.
type Layout struct {
	IsJSON    bool
	Line      int                         // of the header
	width     int                         // number of columns in the file
	names     []string                    // as in the file, then those of the constants
	indexes   map[string]map[string][]int // by group and column: that of the group alone, that of all
	constants []Cell
	problems  []string
}

// Cell returns the value of a column for a group and the name of the column in the file.
// A column for the group alone wins over one for all groups.
func (r Row) Cell(group, column string) (c Cell, name string, isSet bool) {
	indexes := r.indexes[group][column]
	for _, i := range indexes {
		if i < r.width {
			c = Cell{r.values[i], r.IsJSON}
		} else {
			c = r.constants[i-r.width]
		}
		if c.IsSet() {
			return c, r.names[i], true
		}
	}
	if len(indexes) > 0 {
		column = r.names[indexes[0]]
	}
	return Cell{}, column, false
}

// Has reports whether there is a column for the group or for all groups.
func (l *Layout) Has(group, column string) bool { return len(l.indexes[group][column]) > 0 }

// newLayout finds the columns of a file by their names, and adds the constants.
func (s *schema) newLayout(names []string, isJSON bool) *Layout {
	l := &Layout{IsJSON: isJSON, width: len(names), constants: s.values, indexes: make(map[string]map[string][]int)}
	found := make(map[column]int)
	add := func(name string, c column) {
		if first, twice := found[c]; twice && c != (column{}) {
			l.problems = append(l.problems, "columns "+Printable(l.names[first])+" and "+Printable(name)+" are both "+c.String())
		}
		found[c] = len(l.names)
		l.names = append(l.names, name)
	}
	for _, name := range names {
		c, isKnown := s.resolve(name)
		if !isKnown {
			l.problems = append(l.problems, s.unknownName(name))
		}
		add(name, c)
	}
	for _, c := range s.constants {
		add(c.String()+" (constant)", c)
	}
	for _, g := range s.groups {
		l.indexes[g.Name] = make(map[string][]int)
		for _, name := range g.Columns {
			for _, c := range []column{{g.Name, name}, {"", name}} {
				if i, ok := found[c]; ok {
					l.indexes[g.Name][name] = append(l.indexes[g.Name][name], i)
				}
			}
		}
	}
	return l
}
