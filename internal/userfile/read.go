// Package userfile reads the rows of CSV and JSONL files as spreadsheets and programs
// export them. It knows columns by name, and types of cells by package fields; what a
// column means is up to the caller.
package userfile

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// maxSize is the size of the largest file that is read, in bytes after decompression.
const maxSize = 512 << 20

// Options change how a file is read.
type Options struct {
	Format    string // csv or jsonl; empty: according to Name
	Name      string // of the file
	Separator rune   // of CSV; 0: detected
	Encoding  string // such as windows-1252; empty: UTF-8, or UTF-16 with a byte order mark
	Mapping   Mapping
}

// File is the content of a file.
type File struct {
	Rows     []Row   // without those that have problems
	Header   *Layout // CSV only; nil if it cannot be read
	Problems Problems
	Sum      string // SHA-256 of the content, in hex

	format    string
	encoding  string
	separator rune
	gzip      bool
	bom       bool // of the file of failed rows: begins with a byte order mark
	crlf      bool // lines end in CRLF
}

var separatorNames = map[rune]string{',': "comma", ';': "semicolon", '\t': "tab"}

// String describes what was detected.
func (f *File) String() string {
	text := "JSONL"
	if f.format == "csv" {
		text = "CSV, separator " + cmp.Or(separatorNames[f.separator], string(f.separator))
	}
	if text += ", " + f.encoding; f.gzip {
		text += ", gzip"
	}
	return text + ", " + Plural(len(f.Rows), "row")
}

// formatOf returns the format of a file according to its name.
func formatOf(name string) string {
	switch strings.ToLower(filepath.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz"))) {
	case ".jsonl", ".ndjson", ".json":
		return "jsonl"
	}
	return "csv"
}

// Read reads a file whose columns are those of the groups. Errors in the content are in
// Problems; the returned error is about reading or about the options.
func Read(r io.Reader, groups []Group, o Options) (*File, error) {
	s, err := newSchema(groups, o.Mapping)
	if err != nil {
		return nil, err
	}
	f := &File{format: cmp.Or(o.Format, formatOf(o.Name)), separator: o.Separator}
	data, err := f.load(r)
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	text, err := f.decode(data, o.Encoding)
	if err != nil {
		return nil, err
	}
	if problem := cmp.Or(unsupported(data), f.wrongFormat(text)); problem != "" {
		f.Problems.Add(Problem{Text: problem})
	} else if f.checkEncoding(text); f.Problems.Total == 0 {
		f.readRows(text, s)
	}
	return f, nil
}

func (f *File) readRows(text string, s *schema) {
	if f.format == "jsonl" {
		f.readJSON(text, s)
	} else {
		f.readCSV(text, s)
	}
	if f.Problems.Total == 0 {
		f.Problems.Add(s.unused()...)
	}
	if len(f.Rows) == 0 && f.Problems.Total == 0 {
		f.Problems.Add(Problem{Text: "no users in the file"})
	}
}

// load returns the content of a file, decompressed.
func (f *File) load(r io.Reader) (string, error) {
	in := bufio.NewReader(r)
	r = in
	if start, _ := in.Peek(2); string(start) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return "", err
		}
		f.gzip, r = true, z
	}
	var data strings.Builder
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(&data, sum), io.LimitReader(r, maxSize+1))
	if err == nil && n > maxSize {
		err = fmt.Errorf("larger than %d MiB: split the file", maxSize>>20)
	}
	f.Sum = hex.EncodeToString(sum.Sum(nil))
	return data.String(), err
}

// wrongFormat detects content of another format than the expected one.
func (f *File) wrongFormat(text string) string {
	start := strings.TrimSpace(text[:min(len(text), 1000)])
	switch {
	case strings.Contains(text, "\x00"):
		return "contains NUL characters: is it UTF-16? use --encoding utf-16le or utf-16be"
	case start == "":
	case start[0] == '[':
		return "a JSON array: write one object per line, for example with: jq -c '.[]'"
	case strings.HasPrefix(start, "{\n"), strings.HasPrefix(start, "{\r"):
		return "an object over several lines: write one object per line, for example with: jq -c ."
	case start[0] == '{' && f.format == "csv":
		return "looks like JSONL: use --format jsonl"
	case f.format == "jsonl" && start[0] != '{' && strings.ContainsAny(start, ",;\t"):
		return "looks like CSV: use --format csv"
	}
	return ""
}
