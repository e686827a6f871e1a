package main

import (
	"bufio"
	"bytes"
	"io"
)

// inputBuffer is how much of an input is read at a time.
const inputBuffer = 64 << 10

// rowsOf yields the rows of an input that is text with line ends.
func rowsOf(in io.Reader, format string) source {
	return func(yield func(row, []problem) bool) {
		text := bufio.NewReaderSize(in, inputBuffer)
		if complaint := skipMark(text); complaint != "" {
			yield(row{}, []problem{{text: complaint}})
			return
		}
		rows := csvRows
		if format == "jsonl" {
			rows = jsonRows
		}
		rows(text, newNames())(yield)
	}
}

// skipMark skips the byte order mark that some programs put before UTF-8. Other
// encodings and line ends are named here: read on, they would look like anything.
func skipMark(text *bufio.Reader) (complaint string) {
	start, _ := text.Peek(inputBuffer) // an error comes again
	switch rest, marked := bytes.CutPrefix(start, []byte("\uFEFF")); {
	case bytes.HasPrefix(start, []byte{0xFF, 0xFE}), bytes.HasPrefix(start, []byte{0xFE, 0xFF}):
		return "it is in UTF-16: must be in UTF-8"
	case !bytes.ContainsRune(start, '\n') && bytes.ContainsRune(bytes.TrimRight(rest, "\r"), '\r'):
		return "its lines end in CR alone: must end in LF or CRLF"
	case marked:
		_, _ = text.Discard(len(start) - len(rest))
	}
	return ""
}
