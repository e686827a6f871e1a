package main

import (
	"bufio"
	"bytes"
	"io"
)

// inputBuffer is how much of an input is read at a time.
const inputBuffer = 64 << 10

// decodeRows yields the rows of an input, in CSV or JSONL.
func decodeRows(in io.Reader, format string) rowSeq {
	return func(yield func(row, []problem) bool) {
		text := bufio.NewReaderSize(in, inputBuffer)
		start, _ := text.Peek(inputBuffer) // an error comes again
		mark := []byte("\uFEFF")           // which some programs put before UTF-8
		if bytes.HasPrefix(start, mark) {
			_, _ = text.Discard(len(mark))
		}
		switch wrong := unsupportedFormat(bytes.TrimPrefix(start, mark), format); {
		case wrong != nil:
			yield(row{}, wrong)
		case format == "jsonl":
			jsonRows(text, newNames())(yield)
		default:
			csvRows(text, newNames())(yield)
		}
	}
}

// unsupportedFormat names encodings, line ends and separators that other programs write.
// Read on, such a file would seem to have many other problems.
func unsupportedFormat(start []byte, format string) []problem {
	header := bytes.TrimLeft(start, "\r\n")
	line := 1 + bytes.Count(start[:len(start)-len(header)], []byte("\n"))
	header, _, _ = bytes.Cut(header, []byte("\n"))
	switch {
	case bytes.HasPrefix(start, []byte{0xFF, 0xFE}), bytes.HasPrefix(start, []byte{0xFE, 0xFF}):
		return []problem{{text: "the file is in UTF-16: it must be in UTF-8"}}
	case !bytes.ContainsRune(start, '\n') && bytes.ContainsRune(bytes.TrimRight(start, "\r"), '\r'):
		return []problem{{text: "the lines end in CR alone: they must end in LF or CRLF"}}
	case format != "jsonl" && bytes.ContainsAny(header, ";\t") && !bytes.ContainsRune(header, ','):
		return []problem{{line: line, text: "cells must be separated by commas"}}
	}
	return nil
}
