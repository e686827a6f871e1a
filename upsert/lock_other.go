//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package upsert

import "os"

// openLocked opens or creates a file. The standard library has no file locks for this
// system, so two runs with one journal are not detected.
func openLocked(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

func closeLocked(file *os.File) error { return file.Close() }
