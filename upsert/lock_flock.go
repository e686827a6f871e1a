//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package upsert

import (
	"errors"
	"os"
	"syscall"
)

// openLocked opens or creates a file that no other Journal has opened. The system
// releases the lock when the process ends.
func openLocked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil && isCurrentFile(file) {
		return file, nil
	}
	file.Close()
	if err == nil { // its owner removed the file before it released the lock
		return openLocked(path)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrJournalInUse
	}
	return nil, os.NewSyscallError("flock", err)
}

// closeLocked releases the lock and closes the file. A process that is being started
// by this one still has a copy of the file, so that Close alone may release it later.
func closeLocked(file *os.File) error {
	return errors.Join(os.NewSyscallError("flock", syscall.Flock(int(file.Fd()), syscall.LOCK_UN)), file.Close())
}
