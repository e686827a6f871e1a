package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

const (
	// lineEvery is after how many readings a line tells how far a run is, away from
	// a terminal.
	lineEvery = 5
	// barEvery is how often the bars are drawn.
	barEvery = 200 * time.Millisecond
	barWidth = 40
)

// watch shows how far the targets are until stop is called.
func watch(targets []*target, s *screen, o options) (stop func()) {
	switch {
	case o.quiet:
		return func() {}
	case isTerminal(s.w):
		return watchBars(targets, s)
	}
	return watchLines(targets, s)
}

// watchLines writes a line for each target every few seconds.
func watchLines(targets []*target, w io.Writer) (stop func()) {
	meters := newMeters(targets)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(meterStep)
		defer ticker.Stop()
		for tick := 1; ; tick++ {
			select {
			case <-over:
				return
			case now := <-ticker.C:
				for _, m := range meters {
					m.read(now)
					if tick%lineEvery == 0 && !m.over() {
						fmt.Fprintln(w, m.line(now))
					}
				}
			}
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}

func newMeters(targets []*target) []*meter {
	now := time.Now()
	var meters []*meter
	for _, t := range targets {
		m := &meter{target: t}
		m.read(now)
		meters = append(meters, m)
	}
	return meters
}

func (m *meter) over() bool {
	m.target.tally.mu.Lock()
	defer m.target.tally.mu.Unlock()
	return m.target.tally.over
}

// line is all that is to tell of a target.
func (m *meter) line(now time.Time) string {
	t := m.target.tally
	text := fmt.Sprintf("%-9s  %d of %d: %s", t.name, t.done(), t.total, t.counts())
	for _, more := range []string{m.rate(now), m.remaining(now)} {
		if more != "" {
			text += "; " + more
		}
	}
	return text
}

func (m *meter) remaining(now time.Time) string {
	if left := m.left(now); left > 0 {
		return "about " + left.String() + " left"
	}
	return ""
}

// watchBars draws a bar for each target, with two lines of details below it.
func watchBars(targets []*target, s *screen, options ...mpb.ContainerOption) (stop func()) {
	bars := mpb.New(append(options, mpb.WithOutput(s.w), mpb.WithRefreshRate(barEvery))...)
	for _, m := range newMeters(targets) {
		bars.AddBar(int64(m.target.tally.total),
			mpb.BarWidth(barWidth),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-9s", m.target.name))),
			mpb.AppendDecorators(decor.Any(m.place)),
			mpb.BarFillerMiddleware(m.fill),
			mpb.BarExtender(mpb.BarFillerFunc(m.extend), false),
		)
	}
	s.show(bars)
	return func() {
		s.show(nil)
		bars.Shutdown()
	}
}

// place stands behind a bar. It is called before the rest is drawn.
func (m *meter) place(decor.Statistics) string {
	now := time.Now()
	m.read(now)
	text := fmt.Sprintf(" %d of %d  %s", m.target.tally.done(), m.target.tally.total, m.remaining(now))
	return strings.TrimSuffix(text, "  ")
}

// fill has a bar as full as its target is done.
func (m *meter) fill(filler mpb.BarFiller) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		s.Current = int64(m.target.tally.done())
		return filler.Fill(w, s)
	})
}

// extend writes the lines below a bar, cut off where the terminal ends: one that
// goes on in the next line would put the bars out of place.
func (m *meter) extend(w io.Writer, s decor.Statistics) error {
	for _, text := range []string{m.target.tally.counts(), m.rate(time.Now())} {
		line := []rune("           " + text)
		if s.AvailableWidth > 0 && len(line) > s.AvailableWidth {
			line = line[:s.AvailableWidth]
		}
		if _, err := fmt.Fprintf(w, "%s\n", string(line)); err != nil {
			return err
		}
	}
	return nil
}
