// Package sim plays rate-limited servers in virtual time and measures how clients
// get along with them.
package sim

import (
	"math"
	"time"

	"github.com/usersync/usersync/backoff"
)

// Server is the throttle of a server. Times count from the start of the job.
type Server interface {
	// Allow decides on a request that arrives at now.
	Allow(now time.Duration) bool
	// NextFree returns when a request would be accepted, now at the earliest. It
	// changes nothing.
	NextFree(now time.Duration) time.Duration
}

// RetryAfterFunc is what a server says in Retry-After when it refuses at now and is free
// again at free; less than 0 for no header.
type RetryAfterFunc func(now, free time.Duration) float64

// RetryAfterExact is the time that is left, in whole seconds rounded up.
func RetryAfterExact(now, free time.Duration) float64 { return math.Ceil((free - now).Seconds()) }

// RetryAfterTruncated is the difference of clocks cut to whole seconds, as Laravel's throttle
// on Redis says it: up to a second too little, often 0.
func RetryAfterTruncated(now, free time.Duration) float64 {
	return max(0, math.Floor(free.Seconds())-math.Floor(now.Seconds()))
}

// RetryAfterFixed is a constant.
func RetryAfterFixed(d time.Duration) RetryAfterFunc {
	return func(_, _ time.Duration) float64 { return d.Seconds() }
}

// NoRetryAfter sends no Retry-After.
func NoRetryAfter(_, _ time.Duration) float64 { return -1 }

// Window is a fixed window of N requests.
type Window struct {
	N   int
	Per time.Duration
	// Clock has windows begin at multiples of Per after -Phase, otherwise at the
	// first request that finds the last one over.
	Clock bool
	Phase time.Duration
	// Change replaces N from At on.
	Change int
	At     time.Duration

	used  int
	start time.Duration
	open  bool
}

func (w *Window) n(now time.Duration) int {
	if w.Change > 0 && now >= w.At {
		return w.Change
	}
	return w.N
}

func (w *Window) roll(now time.Duration) {
	if w.open && now < w.start+w.Per {
		return
	}
	w.open = false
	w.used = 0
}

func (w *Window) begin(now time.Duration) {
	if !w.open {
		w.open, w.start = true, now
		if w.Clock {
			w.start = now - (now+w.Phase)%w.Per
		}
	}
}

// Hit implements Server.
func (w *Window) Allow(now time.Duration) bool {
	w.roll(now)
	if w.used >= w.n(now) {
		return false
	}
	w.begin(now)
	w.used++
	return true
}

// Free implements Server.
func (w *Window) NextFree(now time.Duration) time.Duration {
	if w.open && now < w.start+w.Per && w.used >= w.n(now) {
		return w.start + w.Per
	}
	return now
}

// Use has an earlier process use n of the first window, opened at.
func (w *Window) Use(n int, at time.Duration) *Window {
	w.open, w.used, w.start = true, n, at
	return w
}

// Log is a sliding log.
type Log struct {
	N   int
	Per time.Duration
	// CountRejected counts refused requests too.
	CountRejected bool
	hits          []time.Duration
}

// Hit implements Server.
func (l *Log) Allow(now time.Duration) bool {
	ok := l.NextFree(now) == now
	if ok || l.CountRejected {
		l.hits = append(l.hits, now)
	}
	return ok
}

// Free implements Server.
func (l *Log) NextFree(now time.Duration) time.Duration {
	if i := len(l.hits) - l.N; i >= 0 {
		return max(now, l.hits[i]+l.Per)
	}
	return now
}

// Bucket is a token bucket, by the generic cell rate algorithm: one request each
// Every, and Burst at once after a pause.
type Bucket struct {
	Every time.Duration
	Burst int
	tat   time.Duration
}

// Hit implements Server.
func (b *Bucket) Allow(now time.Duration) bool {
	if b.NextFree(now) > now {
		return false
	}
	b.tat = max(b.tat, now) + b.Every
	return true
}

// Free implements Server.
func (b *Bucket) NextFree(now time.Duration) time.Duration {
	return max(now, b.tat-time.Duration(b.Burst-1)*b.Every)
}

// All is several throttles at once: a request must pass each.
type All struct {
	Parts []Server
	// CountInOrder counts by the first ones what a later one refuses.
	CountInOrder bool
}

// Hit implements Server.
func (a All) Allow(now time.Duration) bool {
	if !a.CountInOrder && a.NextFree(now) > now {
		return false
	}
	for _, s := range a.Parts {
		if !s.Allow(now) {
			return false
		}
	}
	return true
}

// Free implements Server.
func (a All) NextFree(now time.Duration) time.Duration {
	for again := true; again; {
		again = false
		for _, s := range a.Parts {
			if t := s.NextFree(now); t > now {
				now, again = t, true
			}
		}
	}
	return now
}

// Ban refuses everything For a time after In refusals in a row.
type Ban struct {
	Server
	After    int
	Duration time.Duration
	row      int
	until    time.Duration
}

// Hit implements Server.
func (b *Ban) Allow(now time.Duration) bool {
	if now < b.until {
		return false
	}
	if b.Server.Allow(now) {
		b.row = 0
		return true
	}
	if b.row++; b.row >= b.After {
		b.row, b.until = 0, now+b.Duration
	}
	return false
}

// Free implements Server.
func (b *Ban) NextFree(now time.Duration) time.Duration { return b.Server.NextFree(max(now, b.until)) }

// QuotaServer returns a server that accepts what keeps to quotas in every trailing
// period.
func QuotaServer(quotas ...backoff.Quota) Server {
	var a All
	for _, q := range quotas {
		a.Parts = append(a.Parts, &Log{N: q.N, Per: q.Per})
	}
	return a
}
