package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
)

// input is what the users come from. It is read twice, to check it and to send
// it, so that it never has to be in memory.
type input struct {
	format     string
	file       *os.File
	openedInfo fs.FileInfo // when it was opened
	tempPath   string      // a temporary file that is still there
}

// openInput opens the file of the options. What can be read only once, as
// standard input, is copied into a temporary file first.
func openInput(o options, stdin io.Reader) (*input, error) {
	if o.file == "-" {
		return copyToTemp(stdin, o.format)
	}
	file, err := os.Open(o.file)
	if err != nil {
		return nil, err
	}
	in := &input{format: o.format, file: file}
	if in.openedInfo, err = file.Stat(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if in.openedInfo.Mode().IsRegular() || in.openedInfo.IsDir() { // reading a directory fails, and says so
		return in, nil
	}
	defer file.Close()
	return copyToTemp(file, o.format)
}

// copyToTemp has a copy that only this user can read, and that goes away with the
// process where a file can be removed while it is open.
func copyToTemp(from io.Reader, format string) (*input, error) {
	file, err := os.CreateTemp("", "usersync-*")
	if err != nil {
		return nil, err
	}
	in := &input{format: format, file: file}
	if os.Remove(file.Name()) != nil {
		in.tempPath = file.Name()
	}
	if _, err = io.Copy(file, from); err == nil {
		in.openedInfo, err = file.Stat()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("copying the input into a temporary file: %w", err), in.Close())
	}
	return in, nil
}

func (in *input) Close() error {
	err := in.file.Close()
	if in.tempPath != "" {
		err = errors.Join(err, os.Remove(in.tempPath))
	}
	return err
}

// check reads all of the input, and finds everything that is wrong with it for
// one of the providers.
func (in *input) check(chosen []provider) (inputSummary, *problems, error) {
	sum := sha256.New()
	once := decodeRows(io.TeeReader(in.reader(), sum), in.format)
	again := func() rowSeq { return decodeRows(in.reader(), in.format) }
	result, found := validateRows(once, again, chosen)
	if err := in.checkUnchanged(); err != nil {
		return inputSummary{}, nil, err
	}
	result.sum = hex.EncodeToString(sum.Sum(nil))
	return result, found, nil
}

// rows yields the users of an input that has been checked, in their order. It
// ends with an error when the file can no longer be read, or is not what was
// checked. It may be called any number of times, also at the same time.
func (in *input) rows() iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for r, wrong := range decodeRows(in.reader(), in.format) {
			switch {
			case len(wrong) > 0:
				yield(row{}, in.changedError(wrong[0]))
				return
			case r.isHeader():
			case !yield(r, nil):
				return
			}
		}
	}
}

func (in *input) changedError(p problem) error {
	if err := in.checkUnchanged(); err != nil {
		return err
	}
	return fmt.Errorf("%s cannot be read as it was when it was checked: %s", printable(in.file.Name()), p)
}

// checkUnchanged notices that somebody writes to the file. To replace it by another is
// harmless: the one that was opened stays what it was.
func (in *input) checkUnchanged() error {
	is, err := in.file.Stat()
	if err == nil && (is.Size() != in.openedInfo.Size() || !is.ModTime().Equal(in.openedInfo.ModTime())) {
		err = fmt.Errorf("%s was changed while it was in use", printable(in.file.Name()))
	}
	return err
}

// reader reads the input from its beginning.
func (in *input) reader() io.Reader {
	return unchangedReader{io.NewSectionReader(in.file, 0, in.openedInfo.Size()), in}
}

// unchangedReader reads until the file is changed.
type unchangedReader struct {
	io.Reader
	in *input
}

func (u unchangedReader) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	if changed := u.in.checkUnchanged(); changed != nil {
		return 0, changed
	}
	return n, err
}

// print tells of the problems with a file, and of the columns there are when one
// is unknown.
func (p *problems) print(w io.Writer, file string) {
	name := printable(file)
	if file == "-" {
		name = "standard input"
	}
	fmt.Fprintf(w, "usersync: %s: %s, nothing was sent:\n", name, plural(p.total, "problem"))
	for _, one := range p.first {
		fmt.Fprintln(w, one)
	}
	if more := p.total - len(p.first); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	if slices.ContainsFunc(p.first, func(one problem) bool { return strings.HasPrefix(one.text, unknownColumn) }) {
		fmt.Fprint(w, newNames())
	}
}
