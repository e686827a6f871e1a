package userfile

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// ReasonColumn is the column of a file of failed rows that says why a row failed. It is
// ignored when a file is read.
const ReasonColumn = "usersync_reason"

// FailedRow is a row with the reason of its failure.
type FailedRow struct {
	Row
	Reason string
}

// WriteFailed writes rows as they were read, with a reason, in the format of the file. The
// encoding is UTF-8, with a byte order mark unless the file is UTF-8 without one.
func (f *File) WriteFailed(w io.Writer, rows []FailedRow) error {
	var b strings.Builder
	if f.bom {
		b.WriteString("\uFEFF")
	}
	if f.format == "jsonl" {
		for _, r := range rows {
			r.writeJSON(&b)
		}
	} else {
		f.writeFailedCSV(&b, rows)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *File) writeFailedCSV(b *strings.Builder, rows []FailedRow) {
	out := csv.NewWriter(b)
	out.Comma, out.UseCRLF = f.separator, f.crlf
	names := f.Header.names[:f.Header.width]
	write := func(cells []string, reason string) {
		var row []string
		for i, cell := range cells {
			if simplify(names[i]) != simplify(ReasonColumn) {
				row = append(row, cell)
			}
		}
		_ = out.Write(append(row, reason)) // a strings.Builder returns no errors
	}
	write(names, ReasonColumn)
	for _, r := range rows {
		write(r.values, r.Reason)
	}
	out.Flush()
}

// writeJSON writes the line with a reason in place of an earlier one.
func (r FailedRow) writeJSON(b *strings.Builder) {
	d := json.NewDecoder(strings.NewReader(r.source)) // without errors: the line was read before
	_, _ = d.Token()
	b.WriteByte('{')
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		_ = d.Decode(&value)
		if name != ReasonColumn {
			fmt.Fprintf(b, "%s:%s,", quote(name), value)
		}
	}
	fmt.Fprintf(b, "%q:%s}\n", ReasonColumn, quote(r.Reason))
}

func quote(text any) []byte {
	quoted, _ := json.Marshal(text)
	return quoted
}
