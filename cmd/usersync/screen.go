package main

import (
	"io"
	"os"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
)

// barScreen is an output that may have bars at its lower end: what is written goes
// above them.
type barScreen struct {
	mu   sync.Mutex
	w    io.Writer
	bars *mpb.Progress // nil: none at the moment
}

func (s *barScreen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bars != nil {
		return s.bars.Write(p)
	}
	return s.w.Write(p)
}

// show puts bars at the lower end; nil takes them away.
func (s *barScreen) show(bars *mpb.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bars = bars
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(file.Fd()))
}

// screens returns the outputs of a run. Standard output shares the screen of
// standard error when both are a terminal's.
func (s streams) screens() (out io.Writer, err *barScreen) {
	err = &barScreen{w: s.err}
	if isTerminal(s.out) && isTerminal(s.err) {
		return err, err
	}
	return s.out, err
}
