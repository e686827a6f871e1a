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
	// samplesPerLine is after how many readings a line tells how far a run is, away from
	// a terminal.
	samplesPerLine = 5
	// barEvery is how often the bars are drawn.
	barEvery = 200 * time.Millisecond
	barWidth = 40
)

// showProgress shows how far the targets are until stop is called.
func showProgress(targets []*target, ending context.Context, s *barScreen, o options) (stop func()) {
	switch {
	case o.quiet:
		return func() {}
	case isTerminal(s.w):
		return showBars(newMeters(targets, ending), s)
	}
	return showLines(newMeters(targets, ending), s)
}

// showLines writes a line for each target every few seconds.
func showLines(meters []*meter, w io.Writer) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(sampleInterval)
		defer ticker.Stop()
		for tick := 1; ; tick++ {
			select {
			case <-over:
				return
			case now := <-ticker.C:
				for _, m := range meters {
					m.takeSample(now)
					if tick%samplesPerLine == 0 && !m.finished() {
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

func (m *meter) finished() bool {
	m.target.tally.mu.Lock()
	defer m.target.tally.mu.Unlock()
	return m.target.tally.finished
}

// showBars draws a bar for each target, with two lines of details below it.
func showBars(meters []*meter, s *barScreen, options ...mpb.ContainerOption) (stop func()) {
	bars := mpb.New(append(options, mpb.WithOutput(s.w), mpb.WithRefreshRate(barEvery))...)
	for _, m := range meters {
		bars.AddBar(int64(m.target.tally.total),
			mpb.BarWidth(barWidth),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-9s", m.target.name))),
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

// barSuffix stands behind a bar. It is called before the rest is drawn.
func (m *meter) barSuffix(s decor.Statistics) string {
	now := time.Now()
	m.takeSample(now)
	return " " + firstThatFits(s.AvailableWidth-1, m.progress(now)+"  "+m.remaining(now), m.progress(now)+" "+m.timeLeft(now).String())
}

// barFill has a bar as full as its target is done.
func (m *meter) barFill(filler mpb.BarFiller) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		s.Current = int64(m.target.tally.done())
		return filler.Fill(w, s)
	})
}

// barDetails writes the lines below a bar.
func (m *meter) barDetails(w io.Writer, s decor.Statistics) error {
	now := time.Now()
	t := m.target.tally
	used, waiting := m.rate(now), m.waiting(now)
	both := strings.TrimPrefix(used+", "+waiting, ", ")
	if waiting == "" {
		both = used
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n",
		firstThatFits(s.AvailableWidth, barIndent+t.counts(), t.counts(), t.shortCounts()),
		firstThatFits(s.AvailableWidth, barIndent+both, both, cmp.Or(waiting, used)))
	return err
}

// barIndent puts a line below the bar of its target.
const barIndent = "           "

// firstThatFits is the first text that fits, or as much as fits of the last: what goes on in
// the next line would put the bars out of place. A width of 0 is not known.
func firstThatFits(width int, texts ...string) string {
	last := strings.TrimRight(texts[len(texts)-1], " ")
	for _, text := range texts {
		if text = strings.TrimRight(text, " "); width <= 0 || utf8.RuneCountInString(text) <= width {
			return text
		}
	}
	return string([]rune(last)[:width])
}
