// Package sim simulates rate-limited servers in virtual time and measures how
// clients behave with them.
package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/usersync/usersync/backoff"
)

// Server is the rate limiter of a server. Times count from the start of the job.
type Server interface {
	// Allow decides on a request that arrives at now.
	Allow(now time.Duration) bool
	// NextFree returns when a request would be accepted, now or later. It changes
	// nothing.
	NextFree(now time.Duration) time.Duration
}

// RetryAfterFunc returns the Retry-After, in seconds, of a server that rejects a
// request at now and accepts the next one at free. Less than 0: no header.
type RetryAfterFunc func(now, free time.Duration) float64

// RetryAfterExact is the remaining time in whole seconds, rounded up.
func RetryAfterExact(now, free time.Duration) float64 { return math.Ceil((free - now).Seconds()) }

// RetryAfterTruncated is the difference of clocks truncated to whole seconds, as in
// Laravel's throttle on Redis: up to a second too short, often 0.
func RetryAfterTruncated(now, free time.Duration) float64 {
	return max(0, math.Floor(free.Seconds())-math.Floor(now.Seconds()))
}

// RetryAfterFixed is a constant.
func RetryAfterFixed(d time.Duration) RetryAfterFunc {
	return func(_, _ time.Duration) float64 { return d.Seconds() }
}

// NoRetryAfter sends no header.
func NoRetryAfter(_, _ time.Duration) float64 { return -1 }

// Window is a fixed window of N requests.
type Window struct {
	N   int
	Per time.Duration
	// Clock: windows start at multiples of Per after -Phase. Otherwise a window
	// starts with the first request after the last one ended.
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

// Allow implements Server.
func (w *Window) Allow(now time.Duration) bool {
	w.roll(now)
	if w.used >= w.n(now) {
		return false
	}
	w.begin(now)
	w.used++
	return true
}

// NextFree implements Server.
func (w *Window) NextFree(now time.Duration) time.Duration {
	if w.open && now < w.start+w.Per && w.used >= w.n(now) {
		return w.start + w.Per
	}
	return now
}

// Use counts n requests of an earlier process in the window that started at.
func (w *Window) Use(n int, at time.Duration) *Window {
	w.open, w.used, w.start = true, n, at
	return w
}

// Log is a sliding log.
type Log struct {
	N   int
	Per time.Duration
	// CountRejected also counts rejected requests.
	CountRejected bool
	hits          []time.Duration
}

// Allow implements Server.
func (l *Log) Allow(now time.Duration) bool {
	ok := l.NextFree(now) == now
	if ok || l.CountRejected {
		l.hits = append(l.hits, now)
	}
	return ok
}

// NextFree implements Server.
func (l *Log) NextFree(now time.Duration) time.Duration {
	if i := len(l.hits) - l.N; i >= 0 {
		return max(now, l.hits[i]+l.Per)
	}
	return now
}

// Bucket is a token bucket (generic cell rate algorithm): one request each Every,
// and Burst at once after a pause.
type Bucket struct {
	Every time.Duration
	Burst int
	// Delaying: the server works on requests of a burst one after the other, as nginx does.
	Delaying bool
	tat      time.Duration
}

// Delay returns how long the last accepted request waits in the server.
func (b *Bucket) Delay(now time.Duration) time.Duration {
	if !b.Delaying {
		return 0
	}
	return max(0, b.tat-b.Every-now)
}

// Allow implements Server.
func (b *Bucket) Allow(now time.Duration) bool {
	if b.NextFree(now) > now {
		return false
	}
	b.tat = max(b.tat, now) + b.Every
	return true
}

// NextFree implements Server.
func (b *Bucket) NextFree(now time.Duration) time.Duration {
	return max(now, b.tat-time.Duration(b.Burst-1)*b.Every)
}

// Concurrent accepts N requests at a time, each for the time Hold.
type Concurrent struct {
	N    int
	Hold time.Duration
	ends []time.Duration
}

// Allow implements Server.
func (c *Concurrent) Allow(now time.Duration) bool {
	c.ends = slices.DeleteFunc(c.ends, func(end time.Duration) bool { return end <= now })
	if len(c.ends) >= c.N {
		return false
	}
	c.ends = append(c.ends, now+c.Hold)
	return true
}

// NextFree implements Server.
func (c *Concurrent) NextFree(now time.Duration) time.Duration {
	ends := slices.DeleteFunc(slices.Clone(c.ends), func(end time.Duration) bool { return end <= now })
	if len(ends) < c.N {
		return now
	}
	slices.Sort(ends)
	return ends[len(ends)-c.N]
}

// nodes are several windows behind a load balancer that chooses one for each request.
type nodes struct {
	windows []Server
	chosen  int
}

// NewNodes returns n nodes that each accept limit requests per period.
func NewNodes(n, limit int, per time.Duration) Server {
	s := &nodes{}
	for range n {
		s.windows = append(s.windows, &Window{N: limit, Per: per})
	}
	return s
}

// Allow implements Server.
func (s *nodes) Allow(now time.Duration) bool {
	s.chosen = (s.chosen*5 + 7) % 64 // fixed, but not one after the other
	return s.windows[s.chosen%len(s.windows)].Allow(now)
}

// NextFree implements Server. It is that of the node chosen last, or now if any is free.
func (s *nodes) NextFree(now time.Duration) time.Duration {
	return s.windows[s.chosen%len(s.windows)].NextFree(now)
}

// Random rejects a share of the requests by chance.
type Random struct {
	Server
	Share float64
	Rand  *rand.Rand
}

// Allow implements Server.
func (r *Random) Allow(now time.Duration) bool {
	return r.Rand.Float64() >= r.Share && r.Server.Allow(now)
}

// Outage rejects everything from From until Until.
type Outage struct {
	Server
	From, Until time.Duration
}

// Allow implements Server.
func (o *Outage) Allow(now time.Duration) bool {
	return (now < o.From || now >= o.Until) && o.Server.Allow(now)
}

// NextFree implements Server.
func (o *Outage) NextFree(now time.Duration) time.Duration {
	if now >= o.From && now < o.Until {
		now = o.Until
	}
	return o.Server.NextFree(now)
}

// All is several rate limiters: a request must pass each.
type All struct {
	Parts []Server
	// CountInOrder counts a request in the parts before the one that rejects it.
	CountInOrder bool
}

// Allow implements Server.
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

// NextFree implements Server. It repeats until all parts are free at the same time.
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

// Ban rejects everything for Duration after After rejections in a row.
type Ban struct {
	Server
	After    int
	Duration time.Duration
	row      int
	until    time.Duration
}

// Allow implements Server.
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

// NextFree implements Server.
func (b *Ban) NextFree(now time.Duration) time.Duration { return b.Server.NextFree(max(now, b.until)) }

// QuotaServer accepts what fits quotas in every trailing period.
func QuotaServer(quotas ...backoff.Quota) Server {
	var a All
	for _, q := range quotas {
		a.Parts = append(a.Parts, &Log{N: q.N, Per: q.Per})
	}
	return a
}
