package progress

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

const (
	refreshRate = 200 * time.Millisecond // of the bars
	barWidth    = 40
	barIndent   = "           " // of the lines below a bar
)

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
		s.Current = int64(m.Done())
		return filler.Fill(w, s)
	})
}

// barDetails writes the lines below a bar.
func (m *meter) barDetails(w io.Writer, s decor.Statistics) error {
	now := time.Now()
	long, short := m.Counts()
	used, waiting := m.rate(now), m.waiting(now)
	both := strings.Trim(used+", "+waiting, ", ")
	_, err := fmt.Fprintf(w, "%s\n%s\n",
		firstThatFits(s.AvailableWidth, barIndent+long, long, short),
		firstThatFits(s.AvailableWidth, barIndent+both, both, cmp.Or(waiting, used)))
	return err
}

// firstThatFits is the first text that fits into width, or the beginning of the last: a
// second line would displace the bars. A width of 0 is unknown.
func firstThatFits(width int, texts ...string) string {
	last := strings.TrimRight(texts[len(texts)-1], " ")
	for _, text := range texts {
		if text = strings.TrimRight(text, " "); width <= 0 || utf8.RuneCountInString(text) <= width {
			return text
		}
	}
	return string([]rune(last)[:width])
}
