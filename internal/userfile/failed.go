package userfile

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
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
	if f.bom {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return err
		}
	}
	if f.format == "jsonl" {
		return writeFailedJSON(w, rows)
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = f.separator, f.crlf
	reason := slices.IndexFunc(f.Header.names[:f.Header.width], func(name string) bool { return simplify(name) == simplify(ReasonColumn) })
	write := func(cells []string, text string) {
		cells = slices.Clone(cells)
		if reason >= 0 {
			cells = slices.Delete(cells, reason, reason+1)
		}
		_ = out.Write(append(cells, text)) // Error returns the first error
	}
	write(f.Header.names[:f.Header.width], ReasonColumn)
	for _, r := range rows {
		write(r.values, r.Reason)
	}
	out.Flush()
	return out.Error()
}

func writeFailedJSON(w io.Writer, rows []FailedRow) error {
	for _, r := range rows {
		line, err := r.withReason()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// withReason returns the line with a reason in place of an earlier one.
func (r FailedRow) withReason() (string, error) {
	members, err := parseObject(r.source)
	if err != nil {
		return "", err
	}
	reason, err := json.Marshal(r.Reason)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(members, func(m member) bool { return m.name == ReasonColumn }) {
		separator := ","
		if len(members) == 0 {
			separator = ""
		}
		return strings.TrimSuffix(r.source, "}") + fmt.Sprintf("%s%q:%s}", separator, ReasonColumn, reason), nil
	}
	object := make(map[string]json.RawMessage)
	for _, m := range members {
		object[m.name] = m.value
	}
	object[ReasonColumn] = reason
	line, err := json.Marshal(object)
	return string(line), err
}
