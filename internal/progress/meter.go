package progress

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	// defaultPeriod is the period of the rate if no quota has one.
	defaultPeriod = time.Minute
	// sampleInterval is the minimum time between two samples, slowSampleInterval if a quota
	// is for an hour or more.
	sampleInterval     = time.Second
	slowSampleInterval = 5 * time.Second
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

func newMeters(sources []Source) []*meter {
	now := time.Now()
	var meters []*meter
	for _, s := range sources {
		m := &meter{Source: s}
		m.base = m.current(now)
		m.takeSample(now)
		meters = append(meters, m)
	}
	return meters
}

// takeSample adds a sample unless the last one is too recent, and removes old ones.
func (m *meter) takeSample(now time.Time) {
	period, interval := m.longestPeriod(), sampleInterval
	if period >= time.Hour {
		interval = slowSampleInterval
	}
	n := len(m.samples)
	if n > 0 && now.Sub(m.samples[n-1].at) < interval {
		return
	}
	cur := m.current(now)
	switch {
	case cur.done == m.base.done:
		m.base, m.busy = cur, 0
	case !m.nextRequestAt().After(now):
		m.busy += now.Sub(m.samples[n-1].at)
	}
	m.samples = append(m.samples, cur)
	first := slices.IndexFunc(m.samples, func(s sample) bool { return now.Sub(s.at) <= period })
	m.samples = slices.Delete(m.samples, 0, first)
}

// longestPeriod is the longest period of a quota.
func (m *meter) longestPeriod() time.Duration {
	longest := defaultPeriod
	for _, class := range m.Stats() {
		for _, q := range activeQuotas(class) {
			longest = max(longest, q.Per)
		}
	}
	return longest
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
	s := sample{at: now, done: m.Done()}
	for _, class := range m.Stats() {
		s.sent = append(s.sent, class.Sent)
		s.responded = append(s.responded, class.Sent-uint64(class.InFlight))
	}
	return s
}

// oldestSample is the oldest sample of a period that ends at end.
func (m *meter) oldestSample(end time.Time, period time.Duration) sample {
	i := slices.IndexFunc(m.samples, func(s sample) bool { return end.Sub(s.at) <= period })
	if i < 0 {
		return m.current(end)
	}
	return m.samples[i]
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

// usage is how much of a quota was used in its period.
type usage struct {
	methods []string
	sent    uint64
	quota   backoff.Quota // N is 0 if there is none
}

// tightestQuota is the usage of the class of requests that is closest to its lowest quota.
func (m *meter) tightestQuota(now time.Time) (tightest usage) {
	for i, class := range m.Stats() {
		quota := backoff.Quota{Per: defaultPeriod}
		if len(class.Quotas) > 0 {
			quota = slices.MinFunc(class.Quotas, func(a, b backoff.Quota) int { return cmp.Compare(perSecond(a), perSecond(b)) })
		}
		u := usage{class.Methods, class.Sent - m.oldestSample(now, quota.Per).sent[i], quota}
		if i == 0 || u.fraction() > tightest.fraction() {
			tightest = u
		}
	}
	return tightest
}

func (u usage) fraction() float64 { return float64(u.sent) / float64(max(u.quota.N, 1)) }

func perSecond(q backoff.Quota) float64 { return float64(q.N) / q.Per.Seconds() }
