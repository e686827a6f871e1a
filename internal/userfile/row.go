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
	Line      int                       // of the header
	width     int                       // number of columns in the file
	names     []string                  // as in the file, then those of the constants
	shared    map[string]int            // columns for all groups
	own       map[string]map[string]int // columns of one group, by group
	constants []Cell
	problems  []string
}

// Cell returns the value of a column for a group and the name of the column in the file.
// A column for the group alone wins over one for all groups.
func (r Row) Cell(group, column string) (c Cell, name string, isSet bool) {
	name = column
	for _, columns := range [...]map[string]int{r.shared, r.own[group]} {
		i, ok := columns[column]
		if !ok {
			continue
		}
		var cell Cell
		if i < r.width {
			cell = Cell{r.values[i], r.IsJSON}
		} else {
			cell = r.constants[i-r.width]
		}
		if cell.IsSet() || !isSet {
			c, name, isSet = cell, r.names[i], cell.IsSet()
		}
	}
	return c, name, isSet
}

// Has reports whether there is a column for the group or for all groups.
func (l *Layout) Has(group, column string) bool {
	_, shared := l.shared[column]
	_, own := l.own[group][column]
	return shared || own
}

// newLayout finds the columns of a file by their names, and adds the constants.
func (s *schema) newLayout(names []string, isJSON bool) *Layout {
	l := &Layout{IsJSON: isJSON, width: len(names), names: names, constants: s.values, shared: make(map[string]int), own: make(map[string]map[string]int)}
	for i, name := range names {
		switch c, isKnown := s.resolve(name); {
		case !isKnown:
			l.problems = append(l.problems, s.unknownName(name))
		case c != column{}:
			l.add(c, i)
		}
	}
	for i, c := range s.constants {
		l.names = append(l.names, c.String()+" (constant)")
		l.add(c, l.width+i)
	}
	return l
}

// add adds the column with index i, unless the file has it already.
func (l *Layout) add(c column, i int) {
	columns := l.shared
	if c.group != "" {
		if l.own[c.group] == nil {
			l.own[c.group] = make(map[string]int)
		}
		columns = l.own[c.group]
	}
	if first, twice := columns[c.name]; twice {
		l.problems = append(l.problems, "columns "+Printable(l.names[first])+" and "+Printable(l.names[i])+" are both "+c.String())
	}
	columns[c.name] = i
}
