package userfile

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
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
	skipped := 0
	if m := separatorLine.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		f.separator = cmp.Or(f.separator, []rune(m[1])[0])
		skipped = 1
	}
	f.separator = cmp.Or(f.separator, s.detectSeparator(text))
	r := csvReader{newCSVReader(text, f.separator), skipped}
	names, err := r.header()
	if err == io.EOF {
		f.Problems.Add(Problem{Line: 1, Text: "the file is empty: it must begin with a header, the names of the columns"})
		return
	} else if err != nil {
		f.Problems.Add(r.problem(err))
		return
	}
	f.readHeader(r, names, s)
	for {
		cells, err := r.Read()
		switch {
		case err == io.EOF:
			return
		case err != nil:
			f.Problems.Add(r.problem(err))
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
		names, _ := csvReader{Reader: newCSVReader(text, separator)}.header()
		count := 0
		for _, name := range names {
			if _, use := s.resolve(name); use == known {
				count++
			}
		}
		if count > bestKnown || count == bestKnown && len(names) > bestNames {
			best, bestKnown, bestNames = separator, count, len(names)
		}
	}
	return best
}

func separatorName(separator rune) string {
	switch separator {
	case ',':
		return "comma"
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	}
	return string(separator)
}

// csvReader knows how many lines were skipped before its text.
type csvReader struct {
	*csv.Reader
	skipped int
}

// header returns the first row that is not blank.
func (r csvReader) header() (names []string, err error) {
	for err == nil && isBlank(names) {
		names, err = r.Read()
	}
	return names, err
}

func isBlank(cells []string) bool { return strings.TrimSpace(strings.Join(cells, "")) == "" }

// line is where a cell of the last row begins.
func (r csvReader) line(cell int) int {
	line, _ := r.FieldPos(cell)
	return line + r.skipped
}

func (f *File) readHeader(r csvReader, names []string, s *schema) {
	line := r.line(0)
	for i, name := range names {
		names[i] = strings.TrimSpace(indexName.ReplaceAllString(name, ""))
		if !utf8.ValidString(name) {
			f.Problems.Add(Problem{Line: line, Text: fmt.Sprintf("the name of column %d is %s", i+1, notUTF8)})
			names[i] = ""
		}
	}
	for len(names) > 0 && names[len(names)-1] == "" { // columns without name
		names = names[:len(names)-1]
	}
	f.Header = s.newLayout(names, false)
	f.Header.Line = line
	for _, text := range f.Header.problems {
		if len(names) == 1 {
			text += " (if the separator is not recognized, use --separator)"
		}
		f.Problems.Add(Problem{Line: line, Text: text})
	}
}

const notUTF8 = "not valid UTF-8: use --encoding if the file has another encoding, such as windows-1252"

// addCells adds a row. Cells without a named column must be empty.
func (f *File) addCells(r csvReader, cells []string) {
	width, count := f.Header.width, len(cells)
	for count > width && strings.TrimSpace(cells[count-1]) == "" {
		count--
	}
	size := fmt.Sprintf("has %s, the header has %d", Plural(count, "cell"), width)
	switch {
	case count < width:
		f.Problems.Add(Problem{Line: r.line(0), Text: size})
		return
	case count > width:
		f.Problems.Add(Problem{Line: r.line(0), Text: size + fmt.Sprintf(": enclose a cell that contains %q in quotes", f.separator)})
		return
	}
	valid := true
	for i, cell := range cells[:width] {
		switch {
		case f.Header.names[i] == "" && !(i == 0 && index.MatchString(cell)) && strings.TrimSpace(cell) != "":
			f.Problems.Add(Problem{Line: r.line(i), Text: fmt.Sprintf("cell %d has a value, but its column has no name", i+1)})
		case !utf8.ValidString(cell):
			f.Problems.Add(Problem{Line: r.line(i), Column: f.Header.names[i], Text: notUTF8})
		default:
			continue
		}
		valid = false
	}
	if valid {
		f.Rows = append(f.Rows, Row{Line: r.line(0), Layout: f.Header, values: cells[:width:width]})
	}
}

// problem words an error of the CSV reader.
func (r csvReader) problem(err error) Problem {
	e, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return Problem{Text: err.Error()}
	}
	p := Problem{Line: e.StartLine + r.skipped, Text: e.Err.Error()}
	switch {
	case errors.Is(err, csv.ErrBareQuote):
		p.Text = `invalid quoting: enclose a cell that contains " in quotes and double each " in it`
	case errors.Is(err, csv.ErrQuote):
		p.Text = `invalid quoting: a cell that begins with " must end with ", and each " in it must be doubled`
	}
	return p
}
