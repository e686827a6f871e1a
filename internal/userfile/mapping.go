package userfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Mapping changes the columns of a file. Names of the file are compared like those of
// known columns: without regard to case, spaces, - and _.
type Mapping struct {
	Rename   map[string]string          `json:"rename"`   // known columns, by name in the file
	Constant map[string]json.RawMessage `json:"constant"` // values, by known column
	Ignore   []string                   `json:"ignore"`   // names in the file
}

// ReadMapping reads a mapping from a JSON file.
func ReadMapping(path string) (m Mapping, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%s: want {\"rename\": {…}, \"constant\": {…}, \"ignore\": […]}: %w", path, err)
	}
	return m, nil
}

// Add adds a rename such as "Work e-mail=email", or "Notes=" to ignore a column.
func (m *Mapping) Add(rename string) error {
	i := strings.LastIndex(rename, "=")
	name, column := strings.TrimSpace(rename[:max(i, 0)]), strings.TrimSpace(rename[i+1:])
	switch {
	case name == "":
		return fmt.Errorf("want NAME=COLUMN, such as 'Work e-mail=email', or NAME= to ignore a column")
	case column == "":
		m.Ignore = append(m.Ignore, name)
		return nil
	case m.Rename == nil:
		m.Rename = make(map[string]string)
	}
	if other, twice := m.Rename[name]; twice {
		return fmt.Errorf("%s is mapped to %s already", Printable(name), Printable(other))
	}
	m.Rename[name] = column
	return nil
}

// apply adds the mapping to the schema.
func (m Mapping) apply(s *schema) error {
	for _, name := range append(m.Ignore, ReasonColumn) {
		s.names[simplify(name)] = column{}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Rename)) {
		simple := simplify(name)
		c, isKnown := s.known[simplify(m.Rename[name])]
		former, isUsed := s.names[simple]
		_, twice := s.unseen[simple]
		switch {
		case !isKnown:
			return fmt.Errorf("mapping of %s: %s", Printable(name), s.unknownName(m.Rename[name]))
		case twice:
			return fmt.Errorf("mapping of %s: the same column is renamed to %s", Printable(name), former)
		case isUsed && former == column{}:
			return fmt.Errorf("mapping of %s: the same column is ignored", Printable(name))
		}
		s.names[simple], s.unseen[simple] = c, name
	}
	for _, name := range slices.Sorted(maps.Keys(m.Constant)) {
		c, isKnown := s.known[simplify(name)]
		if !isKnown {
			return fmt.Errorf("constant of the mapping: %s", s.unknownName(name))
		}
		s.constants = append(s.constants, c)
		s.values = append(s.values, Cell{string(m.Constant[name]), true})
	}
	return nil
}
