package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

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
func watch(targets []*target, ending context.Context, s *screen, o options) (stop func()) {
	switch {
	case o.quiet:
		return func() {}
	case isTerminal(s.w):
		return watchBars(newMeters(targets, ending), s)
	}
	return watchLines(newMeters(targets, ending), s)
}

// watchLines writes a line for each target every few seconds.
func watchLines(meters []*meter, w io.Writer) (stop func()) {
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

func (m *meter) over() bool {
	m.target.tally.mu.Lock()
	defer m.target.tally.mu.Unlock()
	return m.target.tally.over
}

// watchBars draws a bar for each target, with two lines of details below it.
func watchBars(meters []*meter, s *screen, options ...mpb.ContainerOption) (stop func()) {
	bars := mpb.New(append(options, mpb.WithOutput(s.w), mpb.WithRefreshRate(barEvery))...)
	for _, m := range meters {
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
func (m *meter) place(s decor.Statistics) string {
	now := time.Now()
	m.read(now)
	return " " + fitting(s.AvailableWidth-1, m.progress(now)+"  "+m.remaining(now), m.progress(now)+" "+m.left(now).String())
}

// fill has a bar as full as its target is done.
func (m *meter) fill(filler mpb.BarFiller) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		s.Current = int64(m.target.tally.done())
		return filler.Fill(w, s)
	})
}

// extend writes the lines below a bar.
func (m *meter) extend(w io.Writer, s decor.Statistics) error {
	now := time.Now()
	t := m.target.tally
	used, waiting := m.rate(now), m.waiting(now)
	both := strings.TrimPrefix(used+", "+waiting, ", ")
	if waiting == "" {
		both = used
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n",
		fitting(s.AvailableWidth, belowBar+t.counts(), t.counts(), t.shortCounts()),
		fitting(s.AvailableWidth, belowBar+both, both, cmp.Or(waiting, used)))
	return err
}

// belowBar puts a line below the bar of its target.
const belowBar = "           "

// fitting is the first text that fits, or as much as fits of the last: what goes on in
// the next line would put the bars out of place. A width of 0 is not known.
func fitting(width int, texts ...string) string {
	last := strings.TrimRight(texts[len(texts)-1], " ")
	for _, text := range texts {
		if text = strings.TrimRight(text, " "); width <= 0 || utf8.RuneCountInString(text) <= width {
			return text
		}
	}
	return string([]rune(last)[:width])
}
