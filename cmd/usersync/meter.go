package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	// ratePeriod is what requests are counted over: documented quotas are per minute.
	ratePeriod = time.Minute
	// leftPeriod is what the time left is guessed from: long enough for the bursts
	// and waits of a quota to even out.
	leftPeriod = 10 * time.Minute
	// meterStep is the least time between two readings.
	meterStep = time.Second
	// shortWait is a wait that nobody needs to be told of.
	shortWait = 2 * time.Second
)

// meter tells how fast a target is. It is used by one goroutine.
type meter struct {
	target   *target
	readings []reading // of the last ten minutes, the oldest first
}

type reading struct {
	at   time.Time
	done int
	sent []uint64 // requests, by class of the pacer
}

// read takes a reading, unless the last one is too young, and forgets old ones.
func (m *meter) read(now time.Time) {
	if n := len(m.readings); n > 0 && now.Sub(m.readings[n-1].at) < meterStep {
		return
	}
	m.readings = append(m.readings, m.now(now))
	m.readings = slices.DeleteFunc(m.readings, func(r reading) bool { return now.Sub(r.at) > leftPeriod })
}

func (m *meter) now(now time.Time) reading {
	r := reading{at: now, done: m.target.tally.done()}
	for _, class := range m.stats() {
		r.sent = append(r.sent, class.Sent)
	}
	return r
}

func (m *meter) stats() []backoff.Stats {
	if m.target.pacer == nil {
		return nil
	}
	return m.target.pacer.Stats()
}

// left is about how long the rest will take, 0 when nobody can tell yet.
func (m *meter) left(now time.Time) time.Duration {
	if len(m.readings) == 0 {
		return 0
	}
	done := m.target.tally.done()
	passed, finished := now.Sub(m.readings[0].at), done-m.readings[0].done
	if finished == 0 || passed < meterStep {
		return 0
	}
	left := m.target.tally.total - done
	return time.Duration(float64(passed) / float64(finished) * float64(left)).Round(time.Second)
}

// rate tells how much of the quota is used, for the class of requests that is
// nearest to its own, and how long that is used up.
func (m *meter) rate(now time.Time) string {
	var text string
	var most float64
	var until time.Time
	for i, class := range m.stats() {
		if class.Until.After(until) {
			until = class.Until
		}
		n := m.lastMinute(now, i, class.Sent)
		limit := quotaPerMinute(class.Quotas)
		if used := float64(n) / max(limit, 1); text == "" || used > most {
			most, text = used, describeRate(n, limit, class.Methods)
		}
	}
	if until.Sub(now) > shortWait {
		text += ", waiting until " + until.Format(time.TimeOnly)
	}
	return text
}

// lastMinute is how many requests of a class have been sent in it.
func (m *meter) lastMinute(now time.Time, class int, sent uint64) uint64 {
	for _, r := range m.readings {
		if now.Sub(r.at) <= ratePeriod {
			return sent - r.sent[class]
		}
	}
	return 0
}

// quotaPerMinute is what the strictest of several quotas allows in the long run.
func quotaPerMinute(quotas []backoff.Quota) float64 {
	var least float64
	for i, q := range quotas {
		if n := float64(q.N) * float64(time.Minute) / float64(q.Per); i == 0 || n < least {
			least = n
		}
	}
	return least
}

func describeRate(n uint64, limit float64, methods []string) string {
	what := "requests"
	if slices.Contains(methods, "GET") {
		what = "reads"
	}
	if limit == 0 {
		return fmt.Sprintf("%d %s in the last minute", n, what)
	}
	return fmt.Sprintf("%d of %.0f %s in the last minute", n, limit, what)
}
