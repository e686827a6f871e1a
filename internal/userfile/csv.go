package userfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// readCSV reads a header and rows.
func (f *File) readCSV(text string, s schema) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	names, err := r.Read()
	if err == io.EOF {
		f.Problems.Add(Problem{Line: 1, Text: "the file is empty: it must begin with a header, the names of the columns"})
		return
	} else if err != nil {
		f.Problems.Add(csvProblem(err))
		return
	}
	f.readHeader(r, names, s)
	for {
		cells, err := r.Read()
		switch {
		case err == io.EOF:
			return
		case err != nil:
			f.Problems.Add(csvProblem(err))
		default:
			f.addCells(r, cells)
		}
	}
}

func (f *File) readHeader(r *csv.Reader, names []string, s schema) {
	line, _ := r.FieldPos(0)
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		switch {
		case !utf8.ValidString(name):
			f.Problems.Add(Problem{Line: line, Text: fmt.Sprintf("the name of column %d is not valid UTF-8", i+1)})
			names[i] = ""
		case names[i] == "":
			f.Problems.Add(Problem{Line: line, Text: fmt.Sprintf("column %d has no name", i+1)})
		}
	}
	f.Header = s.newLayout(names, false)
	f.Header.Line = line
	for _, text := range f.Header.problems {
		f.Problems.Add(Problem{Line: line, Text: text})
	}
}

func (f *File) addCells(r *csv.Reader, cells []string) {
	line, _ := r.FieldPos(0)
	if len(cells) != len(f.Header.names) {
		noun := "cells"
		if len(cells) == 1 {
			noun = "cell"
		}
		f.Problems.Add(Problem{Line: line, Text: fmt.Sprintf("has %d %s, the header has %d", len(cells), noun, len(f.Header.names))})
		return
	}
	valid := true
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			at, _ := r.FieldPos(i)
			f.Problems.Add(Problem{Line: at, Column: f.Header.names[i], Text: "not valid UTF-8"})
			valid = false
		}
	}
	if valid {
		f.Rows = append(f.Rows, Row{Line: line, Layout: f.Header, values: cells})
	}
}

// csvProblem words an error of the CSV reader.
func csvProblem(err error) Problem {
	e, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return Problem{Text: err.Error()}
	case errors.Is(err, csv.ErrBareQuote):
		return Problem{Line: e.StartLine, Text: `invalid quoting: enclose a cell that contains " in quotes and double each " in it`}
	case errors.Is(err, csv.ErrQuote):
		return Problem{Line: e.StartLine, Text: `invalid quoting: a cell that begins with " must end with ", and each " in it must be doubled`}
	}
	return Problem{Line: e.StartLine, Text: e.Err.Error()}
}
