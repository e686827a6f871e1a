package main

import (
	"iter"
	"strings"
)

// row is one user of the input.
type row struct {
	line int
	*layout
	texts []string // of its cells; nil for a header
}

// layout is what rows with the same columns have in common. It is made once for
// all of them, and never changed.
type layout struct {
	hasHeader       bool                     // the columns come from a header, the texts from CSV; else all is JSON
	columns         map[string]int           // places in texts
	providerColumns map[string][]columnIndex // by provider: those of its columns that there are
}

// columnIndex is where rows have a column of a provider, the column being the nth of
// its table: as one for that provider alone, and as one for all. -1 is nowhere.
type columnIndex struct{ column, providerIndex, sharedIndex int }

// cell is one value: the text of a CSV cell, or JSON.
type cell struct {
	text string
	json bool
}

// isSet reports whether there is a value. An empty cell is none, and neither is
// null.
func (c cell) isSet() bool {
	text := strings.TrimSpace(c.text)
	return text != "" && !(c.json && (text == "null" || text == `""`))
}

// rowSeq yields the rows of an input in their order, a header first if it has
// one. With problems, a row is not to be used, and may have no shape.
type rowSeq = iter.Seq2[row, []problem]

func (r row) isHeader() bool { return r.layout != nil && r.hasHeader && r.texts == nil }

// cellAt returns what the row gives a provider for a column. One of the provider's
// own wins over the one for all.
func (r row) cellAt(p columnIndex) (c cell, given bool) {
	for _, i := range [...]int{p.providerIndex, p.sharedIndex} {
		if i < 0 {
			continue
		}
		if c := (cell{r.texts[i], !r.hasHeader}); c.isSet() {
			return c, true
		}
	}
	return cell{}, false
}

// lookup does what at does, by names, and also names the column.
func (r row) lookup(provider, field string) (column string, given bool) {
	for _, column := range []string{provider + "." + field, field} {
		if i, ok := r.columns[column]; ok && (cell{r.texts[i], !r.hasHeader}).isSet() {
			return column, true
		}
	}
	return r.columnName(provider, field), false
}

// columnName names the place where the row has, or ought to have, a field.
func (r row) columnName(provider, field string) string {
	prefixed := provider + "." + field
	if !r.has(field) && r.has(prefixed) {
		return prefixed
	}
	return field
}

func (r row) has(column string) bool {
	_, ok := r.columns[column]
	return ok
}

// missingColumn reports whether no column could hold the field for the provider.
func (r row) missingColumn(provider, field string) bool {
	return !r.has(field) && !r.has(provider+"."+field)
}
