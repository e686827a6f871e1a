package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// csvReader reads the rows below a header.
type csvReader struct {
	*csv.Reader
	names   []string // of the columns
	columns map[string]int
}

// csvRows yields the header, which has no cells, and the rows.
func csvRows(in io.Reader, names names) source {
	return func(yield func(row, []problem) bool) {
		r := csvReader{Reader: csv.NewReader(in)}
		r.FieldsPerRecord = -1
		header, problems := r.header(names)
		if !yield(header, problems) {
			return
		}
		for r.names != nil {
			cells, err := r.Read()
			if err == io.EOF {
				return
			}
			if !yield(r.row(cells, err)) || err != nil && !isCSVError(err) {
				return
			}
		}
	}
}

func (r *csvReader) header(known names) (row, []problem) {
	names, err := r.Read()
	if err != nil {
		return row{}, []problem{csvProblem(err)}
	}
	r.names, r.columns = names, make(map[string]int, len(names))
	var problems []problem
	for i, name := range names {
		name = strings.TrimSpace(name)
		if text := r.complaint(i, name, known); text != "" {
			problems = append(problems, problem{line: r.line(i), text: text})
		}
		r.names[i], r.columns[name] = name, i
	}
	return row{line: r.line(0), columns: r.columns, headed: true}, problems
}

func (r *csvReader) complaint(place int, name string, known names) string {
	switch {
	case !utf8.ValidString(name):
		return fmt.Sprintf("the name of column %d must be valid UTF-8", place+1)
	case name == "":
		return fmt.Sprintf("column %d has no name", place+1)
	case slices.Contains(r.names[:place], name):
		return "two columns are named " + printable(name)
	case len(r.names) == 1 && strings.ContainsAny(name, ";\t"):
		return "cells must be separated by commas"
	}
	return known.check(name)
}

// row makes a row of what has just been read.
func (r *csvReader) row(texts []string, err error) (row, []problem) {
	if err != nil {
		return row{}, []problem{csvProblem(err)}
	}
	if len(texts) != len(r.names) {
		text := fmt.Sprintf("has %s, the header has %d", count(len(texts), "cell"), len(r.names))
		return row{}, []problem{{line: r.line(0), text: text}}
	}
	var problems []problem
	cells := make([]cell, len(texts))
	for i, text := range texts {
		if !utf8.ValidString(text) {
			problems = append(problems, problem{line: r.line(i), column: r.names[i], text: "must be valid UTF-8"})
		}
		cells[i] = cell{text: text}
	}
	return row{line: r.line(0), columns: r.columns, cells: cells, headed: true}, problems
}

// line is where a cell of the row that was read last begins.
func (r *csvReader) line(place int) int {
	line, _ := r.FieldPos(place)
	return line
}

func isCSVError(err error) bool {
	_, ok := errors.AsType[*csv.ParseError](err)
	return ok
}

// csvProblem is an error of the reader, with the line on which the row begins.
func csvProblem(err error) problem {
	e, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case err == io.EOF:
		return problem{line: 1, text: "the file is empty: it must begin with a header, the names of the columns"}
	case !ok:
		return readProblem(err)
	case errors.Is(err, csv.ErrBareQuote):
		return problem{line: e.StartLine, text: `wrong quoting: a cell that holds " must stand in quotes, each " in it doubled`}
	case errors.Is(err, csv.ErrQuote):
		return problem{line: e.StartLine, text: `wrong quoting: a cell that begins with " must end with one, each " in it doubled`}
	}
	return problem{line: e.StartLine, text: e.Err.Error()}
}
