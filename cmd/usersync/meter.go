package main

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	// defaultPeriod is what requests are counted over where the quota does not say.
	defaultPeriod = time.Minute
	// sampleInterval is the least time between two readings, or slowSampleInterval where a quota is for
	// an hour or more.
	sampleInterval     = time.Second
	slowSampleInterval = 5 * time.Second
)

// meter tells how fast a target is. It is used by one goroutine.
type meter struct {
	target  *target
	ending  context.Context
	samples []sample      // of the longest period, the oldest first
	base    sample        // the last one before users were done: what follows is for users
	busy    time.Duration // since then, without waits
}

type sample struct {
	at   time.Time
	done int
	// Requests, by class of the pacer.
	sent, responded []uint64
}

func newMeters(targets []*target, ending context.Context) []*meter {
	now := time.Now()
	var meters []*meter
	for _, t := range targets {
		m := &meter{target: t, ending: ending}
		m.base = m.current(now)
		m.takeSample(now)
		meters = append(meters, m)
	}
	return meters
}

// takeSample takes a reading, unless the last one is too young, and forgets old ones.
func (m *meter) takeSample(now time.Time) {
	period, step := m.longestPeriod(), sampleInterval
	if period >= time.Hour {
		step = slowSampleInterval
	}
	n := len(m.samples)
	if n > 0 && now.Sub(m.samples[n-1].at) < step {
		return
	}
	is := m.current(now)
	switch {
	case is.done == m.base.done:
		m.base, m.busy = is, 0
	case !m.nextRequestAt().After(now):
		m.busy += now.Sub(m.samples[n-1].at)
	}
	m.samples = append(m.samples, is)
	old := slices.IndexFunc(m.samples, func(r sample) bool { return now.Sub(r.at) <= period })
	m.samples = slices.Delete(m.samples, 0, old)
}

// longestPeriod is the longest period of a quota.
func (m *meter) longestPeriod() time.Duration {
	longest := defaultPeriod
	for _, class := range m.stats() {
		for _, q := range activeQuotas(class) {
			longest = max(longest, q.Per)
		}
	}
	return longest
}

// activeQuotas are the quotas of a class of requests, with the one that the pacer found.
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
	r := sample{at: now, done: m.target.tally.done()}
	for _, class := range m.stats() {
		r.sent = append(r.sent, class.Sent)
		r.responded = append(r.responded, class.Sent-uint64(class.InFlight))
	}
	return r
}

func (m *meter) stats() []backoff.Stats {
	return m.target.pacer.Stats()
}

// oldestSample is the oldest reading of a period that ends now.
func (m *meter) oldestSample(now time.Time, period time.Duration) sample {
	i := slices.IndexFunc(m.samples, func(r sample) bool { return now.Sub(r.at) <= period })
	if i < 0 {
		return m.current(now)
	}
	return m.samples[i]
}

// nextRequestAt is when requests may leave again, if they have to wait.
func (m *meter) nextRequestAt() (until time.Time) {
	for _, class := range m.stats() {
		if class.NextAt.After(until) {
			until = class.NextAt
		}
	}
	return until
}

// timeLeft is about how long the rest will take, 0 when nobody can tell: as long as the
// quotas make it, or the work without waits.
func (m *meter) timeLeft(now time.Time) time.Duration {
	is := m.current(now)
	users, done := m.target.tally.total-is.done, is.done-m.base.done
	if users == 0 || done == 0 || m.ending.Err() != nil {
		return 0
	}
	each := float64(users) / float64(done)
	longest := max(m.nextRequestAt().Sub(now), time.Duration(float64(m.busy)*each))
	for i, class := range m.stats() {
		requests := float64(is.responded[i]-m.base.responded[i])*each - float64(class.InFlight)
		for _, q := range activeQuotas(class) {
			longest = max(longest, m.quotaTime(now, i, q, requests))
		}
	}
	return longest.Round(time.Second)
}

// quotaTime is how long a quota makes so many requests take: what it allows at once, and
// then as much in each period after the first.
func (m *meter) quotaTime(now time.Time, class int, q backoff.Quota, requests float64) time.Duration {
	first, sent := m.oldestSample(now, q.Per), m.current(now).sent[class]
	requests -= float64(q.N) - min(float64(sent-first.sent[class]), float64(q.N))
	if requests = math.Round(requests); requests <= 0 {
		return 0
	}
	opened := first.at // the first period began when its first request left
	for _, r := range m.samples {
		if r.at.After(first.at) && r.sent[class] == first.sent[class] {
			opened = r.at
		}
	}
	full := int(math.Ceil(requests/float64(q.N))) - 1
	return q.Per - min(now.Sub(opened), q.Per) + time.Duration(full)*q.Per
}

// usage is how much of a quota has been used of late.
type usage struct {
	methods []string
	sent    uint64
	quota   backoff.Quota // N is 0 where there is none
}

// tightestQuota is the usage of the class of requests that is nearest to its quota, and of its
// quotas the strictest.
func (m *meter) tightestQuota(now time.Time) (most usage) {
	for i, class := range m.stats() {
		quota := backoff.Quota{Per: defaultPeriod}
		if len(class.Quotas) > 0 {
			quota = slices.MinFunc(class.Quotas, func(a, b backoff.Quota) int { return cmp.Compare(perSecond(a), perSecond(b)) })
		}
		u := usage{class.Methods, class.Sent - m.oldestSample(now, quota.Per).sent[i], quota}
		if i == 0 || u.fraction() > most.fraction() {
			most = u
		}
	}
	return most
}

func (u usage) fraction() float64 { return float64(u.sent) / float64(max(u.quota.N, 1)) }

func perSecond(q backoff.Quota) float64 { return float64(q.N) / q.Per.Seconds() }
