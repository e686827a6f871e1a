//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A named pipe is read like standard input.
func TestPipeAsFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.csv")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	failed := make(chan error, 1)
	go func() { failed <- os.WriteFile(pipe, []byte(twoUsers), 0o600) }()
	in, err := readInput(options{file: pipe, format: "csv"}, nil)
	require.NoError(t, err)
	require.NoError(t, <-failed)
	assert.Len(t, in.Rows, 2)
}
