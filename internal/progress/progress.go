// Package progress shows the progress of runs: as bars on a terminal, otherwise as lines.
package progress

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/usersync/usersync/backoff"
)

const (
	samplesPerLine = 5                      // between two lines of a source
	refreshRate    = 200 * time.Millisecond // of the bars
	barWidth       = 40
	barIndent      = "           " // of the lines below a bar
)

// Source is one run.
type Source struct {
	Name   string
	Total  int // users
	Counts func() Counts
	Stats  func() []backoff.Stats // of the pacer
	Accept context.Context        // ends when no more users are accepted
}

// Counts are the results of a run so far.
type Counts struct {
	Done        int    // users
	Text, Short string // by outcome, in words
	Finished    bool   // no more users are sent
}

// Start shows the progress of the sources on a screen until stop is called.
func Start(sources []Source, s *Screen) (stop func()) {
	if isTerminal(s.w) {
		return showBars(newMeters(sources), s)
	}
	return showLines(newMeters(sources), s)
}

// showLines writes a line for each meter every few seconds.
func showLines(meters []*meter, w io.Writer) (stop func()) {
	stopped := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		ticker := time.NewTicker(sampleInterval)
		defer ticker.Stop()
		for tick := 1; ; tick++ {
			select {
			case <-stopped:
				return
			case now := <-ticker.C:
				for _, m := range meters {
					m.takeSample(now)
					if tick%samplesPerLine == 0 && !m.Counts().Finished {
						fmt.Fprintln(w, m.line(now))
					}
				}
			}
		}
	})
	return func() {
		close(stopped)
		writer.Wait()
	}
}

func (m *meter) line(now time.Time) string {
	text := fmt.Sprintf("%-9s  %s: %s", m.Name, m.users(), m.Counts().Text)
	for _, part := range []string{m.rate(now), m.waiting(now), m.remaining(now)} {
		if part != "" {
			text += "; " + part
		}
	}
	return text
}

// showBars draws a bar for each meter, with two lines of details below it.
func showBars(meters []*meter, s *Screen, options ...mpb.ContainerOption) (stop func()) {
	bars := mpb.New(append(options, mpb.WithOutput(s.w), mpb.WithRefreshRate(refreshRate))...)
	for _, m := range meters {
		bars.AddBar(int64(m.Total),
			mpb.BarWidth(barWidth),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-9s", m.Name))),
			mpb.AppendDecorators(decor.Any(m.barSuffix)),
			mpb.BarFillerMiddleware(m.barFill),
			mpb.BarExtender(mpb.BarFillerFunc(m.barDetails), false),
		)
	}
	s.show(bars)
	return func() {
		s.show(nil)
		bars.Shutdown()
	}
}

// barSuffix is the text behind a bar. mpb calls it before it draws the rest.
func (m *meter) barSuffix(s decor.Statistics) string {
	now := time.Now()
	m.takeSample(now)
	return " " + firstThatFits(s.AvailableWidth-1, m.users()+"  "+m.remaining(now), m.users()+" "+m.timeLeft(now).String())
}

// barFill sets how full a bar is.
func (m *meter) barFill(filler mpb.BarFiller) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		s.Current = int64(m.Counts().Done)
		return filler.Fill(w, s)
	})
}

// barDetails writes the lines below a bar.
func (m *meter) barDetails(w io.Writer, s decor.Statistics) error {
	now, counts := time.Now(), m.Counts()
	used, waiting := m.rate(now), m.waiting(now)
	both := strings.Trim(used+", "+waiting, ", ")
	_, err := fmt.Fprintf(w, "%s\n%s\n",
		firstThatFits(s.AvailableWidth, barIndent+counts.Text, counts.Text, counts.Short),
		firstThatFits(s.AvailableWidth, barIndent+both, both, cmp.Or(waiting, used)))
	return err
}

// firstThatFits is the first text that fits into width, or the beginning of the last: a
// second line would displace the bars. A width of 0 is unknown.
func firstThatFits(width int, texts ...string) (text string) {
	for _, text = range texts {
		if text = strings.TrimRight(text, " "); width <= 0 || utf8.RuneCountInString(text) <= width {
			return text
		}
	}
	return string([]rune(text)[:width])
}

// Screen is an output that may have bars at its lower end. Text that is written appears
// above them.
type Screen struct {
	mu   sync.Mutex
	w    io.Writer
	bars *mpb.Progress // nil: none at the moment
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

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(file.Fd()))
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
