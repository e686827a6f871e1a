package main

import (
	"iter"
	"strings"
)

// row is one user of the input: cells by the names of their columns. The rows of
// a CSV file share the columns of its header.
type row struct {
	line    int
	columns map[string]int // places in cells
	cells   []cell         // nil for the header itself
	headed  bool           // the columns come from a header
}

// cell is one value: the text of a CSV cell, or JSON.
type cell struct {
	text string
	json bool
}

// given reports whether there is a value. An empty cell is none, and neither is
// null.
func (c cell) given() bool {
	text := strings.TrimSpace(c.text)
	return text != "" && !(c.json && (text == "null" || text == `""`))
}

// source yields the rows of an input in their order. With problems, a row is not
// to be used.
type source = iter.Seq2[row, []problem]

// cell returns what the row gives a provider for a field, and the column it
// stands in. A column of the provider's own wins over the one for all.
func (r row) cell(provider, field string) (string, cell) {
	for _, column := range []string{provider + "." + field, field} {
		if i, ok := r.columns[column]; ok && r.cells[i].given() {
			return column, r.cells[i]
		}
	}
	return r.column(provider, field), cell{}
}

// column names the place where the row has, or ought to have, a field.
func (r row) column(provider, field string) string {
	prefixed := provider + "." + field
	if _, ok := r.columns[field]; !ok && r.has(prefixed) {
		return prefixed
	}
	return field
}

func (r row) has(column string) bool {
	_, ok := r.columns[column]
	return ok
}

// lacks reports whether no column could hold the field for the provider.
func (r row) lacks(provider, field string) bool {
	return !r.has(field) && !r.has(provider+"."+field)
}
