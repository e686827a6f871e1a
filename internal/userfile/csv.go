package userfile

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// separatorLine is a first line that names the separator, as Excel reads it.
var separatorLine = regexp.MustCompile(`^\s*"?(?i:sep)=([^"\r\n\x{FFFD}])"?[,;\t]*\r?\n`)

// Columns of row numbers, as pandas writes them: without name, or with this one.
var (
	index     = regexp.MustCompile(`^\d+$`)
	indexName = regexp.MustCompile(`^Unnamed: \d+$`)
)

// readCSV reads a header and rows.
func (f *File) readCSV(text string, s *schema) {
	if m := separatorLine.FindStringSubmatch(text); m != nil {
		text = text[len(m[0])-1:] // with the line break: lines are counted
		f.separator = cmp.Or(f.separator, []rune(m[1])[0])
	}
	f.separator = cmp.Or(f.separator, s.detectSeparator(text))
	r := newCSVReader(text, f.separator)
	names, err := readHeader(r)
	switch {
	case err == io.EOF:
		f.Problems.Add(Problem{Line: 1, Text: "the file is empty: it must begin with a header, the names of the columns"})
		return
	case err != nil:
		f.Problems.Add(csvProblem(err))
		return
	}
	f.addHeader(lineOf(r, 0), names, s)
	for {
		cells, err := r.Read()
		switch {
		case err == io.EOF:
			return
		case err != nil:
			f.Problems.Add(csvProblem(err))
		case !isBlank(cells):
			f.addCells(r, cells)
		}
	}
}

func newCSVReader(text string, separator rune) *csv.Reader {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = separator
	r.FieldsPerRecord = -1
	return r
}

// detectSeparator returns the separator that gives the most known column names, or else
// the most columns.
func (s *schema) detectSeparator(text string) rune {
	best, bestKnown, bestNames := ',', 0, 0
	for _, separator := range ",;\t" {
		names, _ := readHeader(newCSVReader(text, separator))
		count := 0
		for _, name := range names {
			if c, _ := s.resolve(name); c.name != "" {
				count++
			}
		}
		if count > bestKnown || count == bestKnown && len(names) > bestNames {
			best, bestKnown, bestNames = separator, count, len(names)
		}
	}
	return best
}

// readHeader returns the first row that is not blank.
func readHeader(r *csv.Reader) (names []string, err error) {
	for err == nil && isBlank(names) {
		names, err = r.Read()
	}
	return names, err
}

func isBlank(cells []string) bool { return strings.TrimSpace(strings.Join(cells, "")) == "" }

// lineOf is where a cell of the last row begins.
func lineOf(r *csv.Reader, cell int) int {
	line, _ := r.FieldPos(cell)
	return line
}

func (f *File) addHeader(line int, names []string, s *schema) {
	width := 0 // without the last columns that have no name
	for i, name := range names {
		if names[i] = strings.TrimSpace(indexName.ReplaceAllString(name, "")); names[i] != "" {
			width = i + 1
		}
	}
	f.Header = s.newLayout(names[:width], false)
	f.Header.Line = line
	for _, text := range f.Header.problems {
		if width == 1 {
			text += " (if the separator is not recognized, use --separator)"
		}
		f.Problems.Add(Problem{Line: line, Text: text})
	}
}

// addCells adds a row. Cells without a named column must be empty.
func (f *File) addCells(r *csv.Reader, cells []string) {
	width, count := f.Header.width, len(cells)
	for count > width && strings.TrimSpace(cells[count-1]) == "" {
		count--
	}
	if count != width {
		text := fmt.Sprintf("has %s, the header has %d", Plural(count, "cell"), width)
		if count > width {
			text += fmt.Sprintf(": enclose a cell that contains %q in quotes", f.separator)
		}
		f.Problems.Add(Problem{Line: lineOf(r, 0), Text: text})
		return
	}
	problems := f.Problems.Total
	for i, cell := range cells[:width] {
		if f.Header.names[i] == "" && !(i == 0 && index.MatchString(cell)) && strings.TrimSpace(cell) != "" {
			f.Problems.Add(Problem{Line: lineOf(r, i), Text: fmt.Sprintf("cell %d has a value, but its column has no name", i+1)})
		}
	}
	if f.Problems.Total == problems {
		f.Rows = append(f.Rows, Row{Line: lineOf(r, 0), Layout: f.Header, values: cells[:width:width]})
	}
}

// csvProblem words an error of the CSV reader.
func csvProblem(err error) Problem {
	e, _ := errors.AsType[*csv.ParseError](err) // reading a string has no other errors
	p := Problem{Line: e.StartLine, Text: `invalid quoting: a cell that begins with " must end with ", and each " in it must be doubled`}
	if e.Err == csv.ErrBareQuote {
		p.Text = `invalid quoting: enclose a cell that contains " in quotes and double each " in it`
	}
	return p
}
