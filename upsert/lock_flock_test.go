//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package upsert

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Between fork and exec, a new process has a copy of each open file.
func TestClosedJournalIsNotLockedByANewProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	first, err := OpenJournal(path, JournalHeader{Provider: "partoo"})
	require.NoError(t, err)
	copied, err := syscall.Dup(int(first.file.Fd()))
	require.NoError(t, err)
	defer syscall.Close(copied)
	_, err = OpenJournal(path, JournalHeader{Provider: "partoo"})
	require.ErrorIs(t, err, ErrJournalInUse)
	require.NoError(t, first.Close())
	second, err := OpenJournal(path, JournalHeader{Provider: "partoo"})
	require.NoError(t, err)
	require.NoError(t, second.Close())
}
