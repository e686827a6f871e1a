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
	// leastPeriod is what requests are counted over where the quota does not say.
	leastPeriod = time.Minute
	// meterStep is the least time between two readings, or slowStep where a quota is for
	// an hour or more.
	meterStep = time.Second
	slowStep  = 5 * time.Second
)

// meter tells how fast a target is. It is used by one goroutine.
type meter struct {
	target   *target
	ending   context.Context
	readings []reading     // of the longest period, the oldest first
	base     reading       // the last one before users were done: what follows is for users
	busy     time.Duration // since then, without waits
}

type reading struct {
	at   time.Time
	done int
	// Requests, by class of the pacer.
	sent, answered []uint64
}

func newMeters(targets []*target, ending context.Context) []*meter {
	now := time.Now()
	var meters []*meter
	for _, t := range targets {
		m := &meter{target: t, ending: ending}
		m.base = m.now(now)
		m.read(now)
		meters = append(meters, m)
	}
	return meters
}

// read takes a reading, unless the last one is too young, and forgets old ones.
func (m *meter) read(now time.Time) {
	period, step := m.longest(), meterStep
	if period >= time.Hour {
		step = slowStep
	}
	n := len(m.readings)
	if n > 0 && now.Sub(m.readings[n-1].at) < step {
		return
	}
	is := m.now(now)
	switch {
	case is.done == m.base.done:
		m.base, m.busy = is, 0
	case !m.until().After(now):
		m.busy += now.Sub(m.readings[n-1].at)
	}
	m.readings = append(m.readings, is)
	old := slices.IndexFunc(m.readings, func(r reading) bool { return now.Sub(r.at) <= period })
	m.readings = slices.Delete(m.readings, 0, old)
}

// longest is the longest period of a quota.
func (m *meter) longest() time.Duration {
	longest := leastPeriod
	for _, class := range m.stats() {
		for _, q := range limits(class) {
			longest = max(longest, q.Per)
		}
	}
	return longest
}

// limits are the quotas of a class of requests, with the one that the pacer found.
func limits(class backoff.Stats) []backoff.Quota {
	all := slices.Clone(class.Quotas)
	if class.Learned.N > 0 {
		all = append(all, class.Learned)
	}
	if class.Pace > 0 {
		all = append(all, backoff.Quota{N: 1, Per: class.Pace})
	}
	return all
}

func (m *meter) now(now time.Time) reading {
	r := reading{at: now, done: m.target.tally.done()}
	for _, class := range m.stats() {
		r.sent = append(r.sent, class.Sent)
		r.answered = append(r.answered, class.Sent-uint64(class.InFlight))
	}
	return r
}

func (m *meter) stats() []backoff.Stats {
	if m.target.pacer == nil {
		return nil
	}
	return m.target.pacer.Stats()
}

// since is the oldest reading of a period that ends now.
func (m *meter) since(now time.Time, period time.Duration) reading {
	i := slices.IndexFunc(m.readings, func(r reading) bool { return now.Sub(r.at) <= period })
	if i < 0 {
		return m.now(now)
	}
	return m.readings[i]
}

// until is when requests may leave again, if they have to wait.
func (m *meter) until() (until time.Time) {
	for _, class := range m.stats() {
		if class.Until.After(until) {
			until = class.Until
		}
	}
	return until
}

// left is about how long the rest will take, 0 when nobody can tell: as long as the
// quotas make it, or the work without waits.
func (m *meter) left(now time.Time) time.Duration {
	is := m.now(now)
	users, done := m.target.tally.total-is.done, is.done-m.base.done
	if users == 0 || done == 0 || m.ending.Err() != nil {
		return 0
	}
	each := float64(users) / float64(done)
	longest := max(m.until().Sub(now), time.Duration(float64(m.busy)*each))
	for i, class := range m.stats() {
		requests := float64(is.answered[i]-m.base.answered[i])*each - float64(class.InFlight)
		for _, q := range limits(class) {
			longest = max(longest, m.windows(now, i, q, requests))
		}
	}
	return longest.Round(time.Second)
}

// windows is how long a quota makes so many requests take: what it allows at once, and
// then as much in each period after the first.
func (m *meter) windows(now time.Time, class int, q backoff.Quota, requests float64) time.Duration {
	first, sent := m.since(now, q.Per), m.now(now).sent[class]
	requests -= float64(q.N) - min(float64(sent-first.sent[class]), float64(q.N))
	if requests = math.Round(requests); requests <= 0 {
		return 0
	}
	opened := first.at // the first period began when its first request left
	for _, r := range m.readings {
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

// used is the usage of the class of requests that is nearest to its quota, and of its
// quotas the strictest.
func (m *meter) used(now time.Time) (most usage) {
	for i, class := range m.stats() {
		quota := backoff.Quota{Per: leastPeriod}
		if len(class.Quotas) > 0 {
			quota = slices.MinFunc(class.Quotas, func(a, b backoff.Quota) int { return cmp.Compare(perSecond(a), perSecond(b)) })
		}
		u := usage{class.Methods, class.Sent - m.since(now, quota.Per).sent[i], quota}
		if i == 0 || u.share() > most.share() {
			most = u
		}
	}
	return most
}

func (u usage) share() float64 { return float64(u.sent) / float64(max(u.quota.N, 1)) }

func perSecond(q backoff.Quota) float64 { return float64(q.N) / q.Per.Seconds() }
