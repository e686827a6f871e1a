package progress

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	samplesPerLine = 5 // between two lines of a meter
	// minShownWait is the shortest wait that is shown.
	minShownWait = 2 * time.Second
)

// showLines writes a line for each meter every few seconds.
func showLines(meters []*meter, w io.Writer) (stop func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(sampleInterval)
		defer ticker.Stop()
		for tick := 1; ; tick++ {
			select {
			case <-stopped:
				return
			case now := <-ticker.C:
				for _, m := range meters {
					m.takeSample(now)
					if tick%samplesPerLine == 0 && !m.Finished() {
						fmt.Fprintln(w, m.line(now))
					}
				}
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

func (m *meter) line(now time.Time) string {
	counts, _ := m.Counts()
	text := fmt.Sprintf("%-9s  %s: %s", m.Name, m.users(), counts)
	for _, part := range []string{m.rate(now), m.waiting(now), m.remaining(now)} {
		if part != "" {
			text += "; " + part
		}
	}
	return text
}

func (m *meter) users() string { return fmt.Sprintf("%d of %d", m.Done(), m.Total) }

func (m *meter) remaining(now time.Time) string {
	if left := m.timeLeft(now); left > 0 {
		return "about " + left.String() + " left"
	}
	return ""
}

// waiting says until when no request can be sent, with the date unless it is today.
func (m *meter) waiting(now time.Time) string {
	until := m.nextRequestAt()
	switch {
	case until.Sub(now) <= minShownWait:
		return ""
	case until.Format(time.DateOnly) == now.Format(time.DateOnly):
		return "waiting until " + until.Format(time.TimeOnly)
	}
	return "waiting until " + until.Format(time.DateTime)
}

// rate says how much of the tightest quota is used, in its own period.
func (m *meter) rate(now time.Time) string {
	if len(m.Stats()) == 0 {
		return ""
	}
	return m.tightestQuota(now).String()
}

func (u usage) String() string {
	noun, limit := "requests", ""
	if slices.Contains(u.methods, "GET") {
		noun = "reads"
	}
	if u.quota.N > 0 {
		limit = fmt.Sprintf(" of %d", u.quota.N)
	}
	return fmt.Sprintf("%d%s %s in the last %s", u.sent, limit, noun, periodText(u.quota.Per))
}

// periodText is a duration, in words where there is one for it.
func periodText(d time.Duration) string {
	switch d {
	case time.Hour:
		return "hour"
	case time.Minute:
		return "minute"
	case time.Second:
		return "second"
	}
	text := d.String() // such as 2h0m0s
	for _, zero := range []string{"m0s", "h0m"} {
		if short, ok := strings.CutSuffix(text, zero); ok {
			text = short + zero[:1]
		}
	}
	return text
}
