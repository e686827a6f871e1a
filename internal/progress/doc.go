// Package progress shows the progress of runs: as bars on a terminal, otherwise as lines.
package progress

import (
	"context"

	"github.com/usersync/usersync/backoff"
)

// Source is one run.
type Source struct {
	Name     string
	Total    int                         // users
	Done     func() int                  // users
	Counts   func() (long, short string) // results in words
	Finished func() bool                 // no more users are sent
	Stats    func() []backoff.Stats      // of the pacer
	Accept   context.Context             // ends when no more users are accepted
}

// Start shows the progress of the sources on a screen until stop is called.
func Start(sources []Source, s *Screen) (stop func()) {
	if isTerminal(s.w) {
		return showBars(newMeters(sources), s)
	}
	return showLines(newMeters(sources), s)
}
