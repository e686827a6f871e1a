package userfile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decode converts the content of a file to UTF-8 with LF or CRLF line endings. A byte
// order mark wins over the name of an encoding: a file of failed rows has one.
func (f *File) decode(data, name string) (text string, err error) {
	var e encoding.Encoding
	switch text, f.bom = strings.CutPrefix(data, "\uFEFF"); {
	case f.bom:
	case strings.HasPrefix(data, "\xff\xfe"), strings.HasPrefix(data, "\xfe\xff"):
		e, name = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), "UTF-16"
	case name != "":
		if e, err = htmlindex.Get(name); err != nil {
			return "", fmt.Errorf("--encoding %s: want a name such as windows-1252, iso-8859-2 or utf-16le", Printable(name))
		}
		name, _ = htmlindex.Name(e)
	}
	f.encoding = "UTF-8"
	if e != nil && e != unicode.UTF8 {
		f.encoding, f.bom = name, true
		text, err = e.NewDecoder().String(data)
		text = strings.ReplaceAll(text, "\uFFFD", "\xff") // for checkEncoding
	}
	f.crlf = strings.Contains(text, "\r\n")
	if strings.Count(text, "\r") > strings.Count(text, "\r\n") {
		text = lineEnds.Replace(text)
	}
	return text, err
}

// lineEnds replaces a CR without LF, as Excel for Mac writes it between rows that may
// contain LF, and the CR CR LF that Windows programs write in text mode.
var lineEnds = strings.NewReplacer("\r\r\n", "\n", "\r\n", "\n", "\r", "\n")

// checkEncoding reports the first line that is not valid.
func (f *File) checkEncoding(text string) {
	number := 0
	for line := range strings.Lines(text) {
		if number++; !utf8.ValidString(line) {
			f.Problems.Add(Problem{Line: number, Text: "not valid " + f.encoding + ": use --encoding if the file has another encoding, such as windows-1252"})
			return
		}
	}
}

// signatures are the first bytes of files that cannot be read.
var signatures = []struct{ start, problem string }{
	{"PK\x03\x04", "an xlsx, ods or zip file" + exportHint},
	{"\xd0\xcf\x11\xe0", "an xls file" + exportHint},
	{"<", "an HTML or XML file" + exportHint},
	{"%PDF", "a PDF file" + exportHint},
	{`{\rtf`, "an RTF file" + exportHint},
	{"PAR1", "a Parquet file: convert it to CSV or JSONL"},
	{"SQLite format 3", "an SQLite database: export the table as CSV"},
	{"BZh", "compressed with bzip2" + decompressHint},
	{"\xfd7zXZ", "compressed with xz" + decompressHint},
	{"\x28\xb5\x2f\xfd", "compressed with zstd" + decompressHint},
	{"7z\xbc\xaf", "a 7z archive" + decompressHint},
}

const (
	exportHint     = ": open it in a spreadsheet program and save it as CSV (UTF-8)"
	decompressHint = ": decompress it first (only gzip is read directly)"
)

// unsupported names the format of a file that cannot be read.
func unsupported(data string) string {
	start := strings.TrimLeft(strings.TrimPrefix(data[:min(len(data), 1000)], "\uFEFF"), " \t\r\n")
	for _, s := range signatures {
		if strings.HasPrefix(start, s.start) {
			return s.problem
		}
	}
	return ""
}
