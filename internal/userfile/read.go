package userfile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// maxSize is the size of the largest file that is read, in bytes.
const maxSize = 1 << 30

// Options change how a file is read.
type Options struct {
	Format string // csv or jsonl; empty: according to the name of the file
}

// File is the content of a file.
type File struct {
	Rows     []Row   // without those that have problems
	Header   *Layout // CSV only; nil if it cannot be read
	Problems Problems
	Sum      string // SHA-256 of the bytes, in hex
}

// FormatOf returns the format of a file according to its name.
func FormatOf(name string) (string, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return "", errors.New("a .json file: use --format jsonl if it contains one object per line")
	case ".jsonl", ".ndjson":
		return "jsonl", nil
	}
	return "csv", nil
}

// Read reads a file whose columns are those of the groups. Its error is one of reading;
// everything wrong with the content is in Problems.
func Read(r io.Reader, groups []Group, o Options) (*File, error) {
	var data strings.Builder
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(&data, sum), io.LimitReader(r, maxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading: %w", err)
	case n > maxSize:
		return nil, fmt.Errorf("larger than %d MiB: split the file", maxSize>>20)
	}
	f := &File{Sum: hex.EncodeToString(sum.Sum(nil))}
	text := strings.TrimPrefix(data.String(), "\uFEFF")
	switch problem := unsupported(text, o.Format); {
	case problem != nil:
		f.Problems.Add(*problem)
	case o.Format == "jsonl":
		f.readJSON(text, newSchema(groups))
	default:
		f.readCSV(text, newSchema(groups))
	}
	if len(f.Rows) == 0 && f.Problems.Total == 0 {
		f.Problems.Add(Problem{Text: "no users in the file"})
	}
	return f, nil
}

// unsupported detects encodings, line endings and separators of other programs.
func unsupported(text, format string) *Problem {
	header := strings.TrimLeft(text, "\r\n")
	line := 1 + strings.Count(text[:len(text)-len(header)], "\n")
	header, _, _ = strings.Cut(header, "\n")
	switch {
	case strings.HasPrefix(text, "\xFF\xFE"), strings.HasPrefix(text, "\xFE\xFF"):
		return &Problem{Text: "the file is in UTF-16: it must be in UTF-8"}
	case !strings.Contains(text, "\n") && strings.Contains(strings.TrimRight(text, "\r"), "\r"):
		return &Problem{Text: "the lines end in CR alone: they must end in LF or CRLF"}
	case format != "jsonl" && strings.ContainsAny(header, ";\t") && !strings.Contains(header, ","):
		return &Problem{Line: line, Text: "cells must be separated by commas"}
	}
	return nil
}
