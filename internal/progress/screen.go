package progress

import (
	"io"
	"os"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
)

// Screen is an output that may have bars at its lower end. Text that is written appears
// above them.
type Screen struct {
	mu   sync.Mutex
	w    io.Writer
	bars *mpb.Progress // nil: none at the moment
}

// Write writes text above the bars.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bars != nil {
		return s.bars.Write(p)
	}
	return s.w.Write(p)
}

// show places bars at the lower end; nil removes them.
func (s *Screen) show(bars *mpb.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bars = bars
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(file.Fd()))
}

// Screens returns standard output and standard error for a run with bars. The two share
// a screen if both are terminals.
func Screens(stdout, stderr io.Writer) (out io.Writer, err *Screen) {
	err = &Screen{w: stderr}
	if isTerminal(stdout) && isTerminal(stderr) {
		return err, err
	}
	return stdout, err
}
