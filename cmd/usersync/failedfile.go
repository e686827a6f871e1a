package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/userfile"
)

// failedPath is the path of the file for the failed rows of a provider, empty for none:
// next to the input unless --failed is given. Fakes have no default, since they would
// replace the file of a real run.
func (o options) failedPath(provider string) string {
	path, name := o.failed, provider
	switch {
	case o.dryRun || path == "" && (o.fake || !o.isRegularFile()):
		return ""
	case path == "":
		path, name = strings.TrimSuffix(o.file, ".gz"), provider+".failed"
	case len(o.providers) == 1:
		return path
	}
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + "." + name + extension
}

// checkFailedFile returns an error if a file exists in the place of the provider's file of
// failed rows, and is none.
func (o options) checkFailedFile(provider string) error {
	path := o.failedPath(provider)
	if info, err := os.Stat(path); path == "" || err == nil && !info.Mode().IsRegular() || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("--failed: %w", err)
	}
	defer file.Close()
	start, err := bufio.NewReader(io.LimitReader(file, 1<<20)).ReadString('\n')
	isEmpty := start == "" && err == io.EOF
	if o.isInput(path) || !isEmpty && !strings.Contains(start, userfile.ReasonColumn) {
		return fmt.Errorf("--failed %s: exists and is no file of failed rows", userfile.Printable(path))
	}
	return nil
}

// writeFailedFiles writes the failed rows of each provider, or removes the file of an
// earlier run if no row failed. Only the current user can read it: rows may contain
// passwords.
func (run *upsertRun) writeFailedFiles(in input) error {
	var failures []error
	for _, t := range run.targets {
		if path := run.options.failedPath(t.name); path != "" {
			if err := t.writeFailedFile(in, path, run.log); err != nil {
				failures = append(failures, fmt.Errorf("--failed: %w", err))
			}
		}
	}
	return errors.Join(failures...)
}

func (t *target) writeFailedFile(in input, path string, log io.Writer) error {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() { // not /dev/stderr
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if len(t.tally.failures) == 0 {
		return nil
	}
	var rows []userfile.FailedRow
	for _, i := range slices.Sorted(maps.Keys(t.tally.failures)) {
		rows = append(rows, userfile.FailedRow{Row: in.Rows[i], Reason: oneLine(t.tally.failures[i].reason)})
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(in.WriteFailed(file, rows), file.Close())
	if err == nil {
		fmt.Fprintf(log, "usersync: failed rows are in %s\n", path)
	}
	return err
}
