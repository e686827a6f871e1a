package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const twoUsers = "user_id\n4711\n4712\n"

// written opens a file with a text that is fine, and checks it.
func written(t *testing.T, name, text string) (path string, in *input) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	in, err := openInput(options{file: path, format: "csv"}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = in.Close() })
	_, found, err := in.check([]provider{usercomTable()})
	require.NoError(t, err)
	require.Empty(t, texts(found))
	return path, in
}

// linesOf are the lines of the users, until there is an error.
func linesOf(in *input) (all []int, err error) {
	for r, err := range in.rows() {
		if err != nil {
			return all, err
		}
		all = append(all, r.line)
	}
	return all, nil
}

func TestInputCheck(t *testing.T) {
	in, err := openInput(options{file: usersFile, format: "csv"}, nil)
	require.NoError(t, err)
	defer in.Close()
	is, _, err := in.check(providers())
	require.NoError(t, err)
	assert.Equal(t, 12, is.rows)
	assert.Len(t, is.sum, 64)
	all, err := linesOf(in)
	require.NoError(t, err)
	assert.Len(t, all, is.rows)
	assert.Equal(t, is.lastLine, all[len(all)-1])

	_, in = written(t, "users.csv", twoUsers)
	is, _, err = in.check([]provider{usercomTable()})
	require.NoError(t, err)
	assert.Empty(t, is.ids)
	is.ids = nil
	assert.Equal(t, inputSummary{rows: 2, lastLine: 3, sum: "c2c1b1d0275e28215533f4bfb3ad95851638a84fa94caac30b3a339ddfe4106c"}, is)
}

func TestInputConcurrentReads(t *testing.T) {
	_, in := written(t, "users.csv", twoUsers)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			got, err := linesOf(in)
			assert.NoError(t, err)
			assert.Equal(t, []int{2, 3}, got)
		})
	}
	all.Wait()
}

func TestReplacedFile(t *testing.T) {
	path, in := written(t, "users.csv", twoUsers)
	other := path + ".new"
	require.NoError(t, os.WriteFile(other, []byte("user_id\n1\n"), 0o600))
	require.NoError(t, os.Rename(other, path))
	got, err := linesOf(in)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 3}, got)
}

func TestChangedFile(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer":   func(path string) error { return os.WriteFile(path, []byte(twoUsers+"4713\n"), 0o600) },
		"shorter":  func(path string) error { return os.Truncate(path, 9) },
		"touched":  func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
		"all gone": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			path, in := written(t, "users.csv", twoUsers)
			require.NoError(t, change(path))
			_, err := linesOf(in)
			assert.ErrorContains(t, err, path+" was changed while it was in use")
			_, _, err = in.check([]provider{usercomTable()})
			assert.ErrorContains(t, err, path+" was changed while it was in use")
		})
	}
}

// A change in the middle of a long reading is noticed at the next read.
func TestFileThatChangesMeanwhile(t *testing.T) {
	path, in := written(t, "users.csv", longFile(4000))
	read := 0
	for _, err := range in.rows() {
		if err != nil {
			assert.ErrorContains(t, err, "was changed")
			assert.Less(t, read, 4000)
			return
		}
		if read++; read == 1 {
			require.NoError(t, os.Chtimes(path, time.Time{}, time.Unix(1, 0)))
		}
	}
	t.Fatal("the change went by")
}

// What looks unchanged but is not what was checked ends the reading too.
func TestInputChangedWithSameSizeAndTime(t *testing.T) {
	path, in := written(t, "users.csv", twoUsers)
	require.NoError(t, os.WriteFile(path, []byte("user_id\n4711\n\"712\n"), 0o600))
	require.NoError(t, os.Chtimes(path, time.Time{}, in.openedInfo.ModTime()))
	got, err := linesOf(in)
	assert.Equal(t, []int{2}, got)
	assert.ErrorContains(t, err, path+" cannot be read as it was when it was checked: line 3: wrong quoting")
}

func TestClosedFile(t *testing.T) {
	_, in := written(t, "users.csv", twoUsers)
	require.NoError(t, in.Close())
	_, err := linesOf(in)
	assert.ErrorIs(t, err, os.ErrClosed)
}

// Standard input leaves nothing behind.
func TestStandardInputIsCopied(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	in, err := openInput(options{file: "-", format: "csv"}, iotest.OneByteReader(strings.NewReader(twoUsers)))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), in.openedInfo.Mode().Perm())
	for range 2 {
		got, err := linesOf(in)
		require.NoError(t, err)
		assert.Equal(t, []int{2, 3}, got)
	}
	require.NoError(t, in.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)

	_, err = openInput(options{file: "-", format: "csv"}, iotest.ErrReader(errors.New("pipe broken")))
	assert.EqualError(t, err, "copying the input into a temporary file: pipe broken")
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	_, err = openInput(options{file: "-", format: "csv"}, strings.NewReader(twoUsers))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// longFile is longer than what is read at a time.
func longFile(users int) string {
	var b strings.Builder
	b.WriteString("user_id,city\n")
	for i := range users {
		fmt.Fprintf(&b, "%d,%s\n", i, strings.Repeat("x", 50))
	}
	return b.String()
}
