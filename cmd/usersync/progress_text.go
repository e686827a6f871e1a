package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// minShownWait is a wait that nobody needs to be told of.
const minShownWait = 2 * time.Second

// line is all that is to tell of a target.
func (m *meter) line(now time.Time) string {
	text := fmt.Sprintf("%-9s  %s: %s", m.target.name, m.progress(now), m.target.tally.counts())
	for _, more := range []string{m.rate(now), m.waiting(now), m.remaining(now)} {
		if more != "" {
			text += "; " + more
		}
	}
	return text
}

func (m *meter) progress(time.Time) string {
	return fmt.Sprintf("%d of %d", m.target.tally.done(), m.target.tally.total)
}

func (m *meter) remaining(now time.Time) string {
	if left := m.timeLeft(now); left > 0 {
		return "about " + left.String() + " left"
	}
	return ""
}

// waiting tells until when a quota is used up.
func (m *meter) waiting(now time.Time) string {
	if until := m.nextRequestAt(); until.Sub(now) > minShownWait {
		return "waiting until " + until.Format(time.TimeOnly)
	}
	return ""
}

// rate tells how much of the quota is used, in its own period.
func (m *meter) rate(now time.Time) string {
	if len(m.stats()) == 0 {
		return ""
	}
	return m.tightestQuota(now).String()
}

func (u usage) String() string {
	what, of := "requests", ""
	if slices.Contains(u.methods, "GET") {
		what = "reads"
	}
	if u.quota.N > 0 {
		of = fmt.Sprintf(" of %d", u.quota.N)
	}
	return fmt.Sprintf("%d%s %s in the last %s", u.sent, of, what, periodText(u.quota.Per))
}

// periodText is a duration in words where there is one for it.
func periodText(d time.Duration) string {
	switch d {
	case time.Hour:
		return "hour"
	case time.Minute:
		return "minute"
	case time.Second:
		return "second"
	}
	text := d.String() // 2h0m0s
	for _, zero := range []string{"m0s", "h0m"} {
		if short, ok := strings.CutSuffix(text, zero); ok {
			text = short + zero[:1]
		}
	}
	return text
}
