package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRow is the most bytes of one row, or of one line of JSONL. A quote that is
// never closed would otherwise make a row of all that follows.
const maxRow = 1 << 20

// csvReader reads the rows below a header.
type csvReader struct {
	*csv.Reader
	input             *limitReader
	columnNames       columnNames
	names             []string // of the columns
	shape             *layout
	skippedBlankLines int // how often a portion ended amid blank lines: each end counts as a line there
}

// csvRows yields the header and the rows.
func csvRows(in io.Reader, names columnNames) rowSeq {
	return func(yield func(row, []problem) bool) {
		p := &limitReader{in: in}
		r := csvReader{Reader: csv.NewReader(bufio.NewReaderSize(p, inputBuffer)), input: p, columnNames: names}
		r.FieldsPerRecord = -1
		header, problems := r.header()
		if !yield(header, problems) {
			return
		}
		for r.shape != nil {
			cells, err := r.read()
			if err == io.EOF {
				return
			}
			if !yield(r.row(cells, err)) || err != nil && !isCSVError(err) {
				return
			}
		}
	}
}

// errRowTooLong is the error of a row that begins on a line.
type errRowTooLong struct{ line int }

func (errRowTooLong) Error() string { return "longer than 1 MiB: is a quote missing?" }

// read reads one row that is not too long.
func (r *csvReader) read() ([]string, error) {
	for {
		start := r.InputOffset()
		r.input.allow(start + maxRow + inputBuffer)
		cells, err := r.Read()
		switch {
		case err == io.EOF && r.input.limitHit:
			r.skippedBlankLines++ // nothing but blank lines so far
			continue
		case r.input.limitHit, r.InputOffset()-start > maxRow:
			return nil, errRowTooLong{r.rowStart(err)}
		}
		return cells, err
	}
}

// rowStart is where the row begins that was read last.
func (r *csvReader) rowStart(err error) int {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return e.StartLine - r.skippedBlankLines
	}
	return r.line(0)
}

// limitReader lets a part of an input through as if it were all there is, until more
// is allowed. The CSV reader takes the end of the input well, and can then say
// where the row began; it knows no limit of its own.
type limitReader struct {
	in       io.Reader
	read     int64
	limit    int64
	limitHit bool // more was asked for than was allowed
}

func (p *limitReader) allow(limit int64) { p.limit, p.limitHit = limit, false }

func (p *limitReader) Read(b []byte) (int, error) {
	if p.read >= p.limit {
		p.limitHit = true
		return 0, io.EOF
	}
	n, err := p.in.Read(b[:min(int64(len(b)), p.limit-p.read)])
	p.read += int64(n)
	return n, err
}

func (r *csvReader) header() (row, []problem) {
	names, err := r.read()
	if err != nil {
		return row{}, []problem{r.problem(err)}
	}
	r.names = names
	columns := make(map[string]int, len(names))
	var problems []problem
	for i, name := range names {
		name = strings.TrimSpace(name)
		if text := r.headerProblem(i, name, columns); text != "" {
			problems = append(problems, problem{line: r.line(i), text: text})
		}
		r.names[i], columns[name] = name, i
	}
	r.shape = r.columnNames.layout(columns, true)
	return row{line: r.line(0), layout: r.shape}, problems
}

func (r *csvReader) headerProblem(place int, name string, before map[string]int) string {
	_, twice := before[name]
	switch {
	case !utf8.ValidString(name):
		return fmt.Sprintf("the name of column %d must be valid UTF-8", place+1)
	case name == "":
		return fmt.Sprintf("column %d has no name", place+1)
	case twice:
		return "two columns are named " + printable(name)
	}
	return r.columnNames.problem(name)
}

// row makes a row of what has just been read.
func (r *csvReader) row(texts []string, err error) (row, []problem) {
	if err != nil {
		return row{}, []problem{r.problem(err)}
	}
	if len(texts) != len(r.names) {
		text := fmt.Sprintf("has %s, the header has %d", plural(len(texts), "cell"), len(r.names))
		return row{}, []problem{{line: r.line(0), text: text}}
	}
	var problems []problem
	for i, text := range texts {
		if !utf8.ValidString(text) {
			problems = append(problems, problem{line: r.line(i), column: printable(r.names[i]), text: "must be valid UTF-8"})
		}
	}
	return row{line: r.line(0), layout: r.shape, texts: texts}, problems
}

// line is where a cell of the row that was read last begins.
func (r *csvReader) line(place int) int {
	line, _ := r.FieldPos(place)
	return line - r.skippedBlankLines
}

func isCSVError(err error) bool {
	_, ok := errors.AsType[*csv.ParseError](err)
	return ok
}

// problem is an error of the reader, with the line on which the row begins.
func (r *csvReader) problem(err error) problem {
	if long, ok := errors.AsType[errRowTooLong](err); ok {
		return problem{line: long.line, text: long.Error()}
	}
	switch {
	case err == io.EOF:
		return problem{line: 1, text: "the file is empty: it must begin with a header, the names of the columns"}
	case !isCSVError(err):
		return readError(err)
	case errors.Is(err, csv.ErrBareQuote):
		return problem{line: r.rowStart(err), text: `wrong quoting: a cell that holds " must stand in quotes, each " in it doubled`}
	case errors.Is(err, csv.ErrQuote):
		return problem{line: r.rowStart(err), text: `wrong quoting: a cell that begins with " must end with one, each " in it doubled`}
	}
	return problem{line: r.rowStart(err), text: errors.Unwrap(err).Error()}
}
