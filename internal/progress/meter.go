package progress

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	defaultPeriod  = time.Minute // of the rate if no quota has one
	sampleInterval = time.Second // minimum time between two samples
	minShownWait   = 2 * time.Second
)

// meter measures the rate of a source. One goroutine uses it.
type meter struct {
	Source
	samples []sample      // of the longest period, in order of time
	base    sample        // the last one before the first user was done
	busy    time.Duration // since base, without waits
}

type sample struct {
	at   time.Time
	done int
	// Requests, by class of the pacer.
	sent, responded []uint64
}

func newMeters(sources []Source) (meters []*meter) {
	now := time.Now()
	for _, s := range sources {
		m := &meter{Source: s}
		m.base = m.current(now)
		m.samples = []sample{m.base}
		meters = append(meters, m)
	}
	return meters
}

// takeSample adds a sample unless the last one is too recent, and removes old ones.
func (m *meter) takeSample(now time.Time) {
	last := m.samples[len(m.samples)-1]
	if now.Sub(last.at) < sampleInterval {
		return
	}
	cur := m.current(now)
	switch {
	case cur.done == m.base.done:
		m.base, m.busy = cur, 0
	case !m.nextRequestAt().After(now):
		m.busy += now.Sub(last.at)
	}
	m.samples = append(m.samples, cur)
	period := defaultPeriod
	for _, class := range m.Stats() {
		for _, q := range activeQuotas(class) {
			period = max(period, q.Per)
		}
	}
	m.samples = slices.Delete(m.samples, 0, m.firstSince(now, period))
}

// activeQuotas are the quotas of a class of requests, learned ones included.
func activeQuotas(class backoff.Stats) []backoff.Quota {
	all := slices.Clone(class.Quotas)
	if class.LearnedQuota.N > 0 {
		all = append(all, class.LearnedQuota)
	}
	if class.LearnedInterval > 0 {
		all = append(all, backoff.Quota{N: 1, Per: class.LearnedInterval})
	}
	return all
}

func (m *meter) current(now time.Time) sample {
	s := sample{at: now, done: m.Counts().Done}
	for _, class := range m.Stats() {
		s.sent = append(s.sent, class.Sent)
		s.responded = append(s.responded, class.Sent-uint64(class.InFlight))
	}
	return s
}

// firstSince is the index of the oldest sample of a period that ends at end.
func (m *meter) firstSince(end time.Time, period time.Duration) int {
	i, _ := slices.BinarySearchFunc(m.samples, end.Add(-period), func(s sample, t time.Time) int { return s.at.Compare(t) })
	return i
}

// oldestSample is the oldest sample of a period that ends at end.
func (m *meter) oldestSample(end time.Time, period time.Duration) sample {
	if i := m.firstSince(end, period); i < len(m.samples) {
		return m.samples[i]
	}
	return m.current(end)
}

// nextRequestAt is when the next request can be sent if it has to wait.
func (m *meter) nextRequestAt() (next time.Time) {
	for _, class := range m.Stats() {
		if class.NextAt.After(next) {
			next = class.NextAt
		}
	}
	return next
}

// timeLeft estimates how long the rest takes, 0 if unknown: the current wait, and then
// the time that the quotas or the requests need.
func (m *meter) timeLeft(now time.Time) time.Duration {
	cur := m.current(now)
	users, done := m.Total-cur.done, cur.done-m.base.done
	if users == 0 || done == 0 || m.Accept.Err() != nil {
		return 0
	}
	start := now
	if next := m.nextRequestAt(); next.After(now) {
		start = next
	}
	perUser := float64(users) / float64(done)
	longest := time.Duration(float64(m.busy) * perUser)
	for i, class := range m.Stats() {
		requests := float64(cur.responded[i]-m.base.responded[i])*perUser - float64(class.InFlight)
		for _, q := range activeQuotas(class) {
			longest = max(longest, m.quotaTime(start, i, q, requests))
		}
	}
	return (start.Sub(now) + longest).Round(time.Second)
}

// quotaTime is how long requests take under a quota from start: the rest of the current
// period, and a period for each further N requests.
func (m *meter) quotaTime(start time.Time, class int, q backoff.Quota, requests float64) time.Duration {
	first, sent := m.oldestSample(start, q.Per), m.current(start).sent[class]
	requests -= float64(q.N) - min(float64(sent-first.sent[class]), float64(q.N))
	if requests = math.Round(requests); requests <= 0 {
		return 0
	}
	periodStart := first.at // when its first request was sent
	for _, s := range m.samples {
		if s.at.After(first.at) && s.sent[class] == first.sent[class] {
			periodStart = s.at
		}
	}
	if sent == first.sent[class] { // the period starts with the next request
		periodStart = start
	}
	full := int(math.Ceil(requests/float64(q.N))) - 1
	return q.Per - min(start.Sub(periodStart), q.Per) + time.Duration(full)*q.Per
}

func (m *meter) users() string { return fmt.Sprintf("%d of %d", m.Counts().Done, m.Total) }

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

// rate says how much of a quota is used in its period: of the lowest quota of the class of
// requests that is closest to it.
func (m *meter) rate(now time.Time) (text string) {
	highest := -1.0
	for i, class := range m.Stats() {
		quota, limit, noun := backoff.Quota{Per: defaultPeriod}, "", "requests"
		if len(class.Quotas) > 0 {
			quota = slices.MinFunc(class.Quotas, func(a, b backoff.Quota) int { return cmp.Compare(perSecond(a), perSecond(b)) })
			limit = fmt.Sprintf(" of %d", quota.N)
		}
		if slices.Contains(class.Methods, "GET") {
			noun = "reads"
		}
		sent := class.Sent - m.oldestSample(now, quota.Per).sent[i]
		if used := float64(sent) / float64(max(quota.N, 1)); used > highest {
			highest, text = used, fmt.Sprintf("%d%s %s in the last %s", sent, limit, noun, periodText(quota.Per))
		}
	}
	return text
}

func perSecond(q backoff.Quota) float64 { return float64(q.N) / q.Per.Seconds() }

var periodNames = map[time.Duration]string{time.Hour: "hour", time.Minute: "minute", time.Second: "second"}

// periodText is a duration, in words where there is one for it.
func periodText(d time.Duration) string {
	short := strings.Replace(strings.Replace(d.String(), "m0s", "m", 1), "h0m", "h", 1) // of 2h0m0s
	return cmp.Or(periodNames[d], short)
}
