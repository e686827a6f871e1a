package backoff

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// noDeadline is a wait that only a response ends.
const noDeadline = int64(math.MaxInt64)

// defaultLogSize is the number of requests that a class remembers to learn from.
const defaultLogSize = 1024

// maxInFlightUnknownLimits is the maximum number of requests in flight before the first
// 429 of a class without quotas: with the probes of a minute, no more than ten are rejected.
const maxInFlightUnknownLimits = 5

// class paces the requests that share their quotas. Times are nanoseconds since start.
type class struct {
	methods     []string
	quotas      []Quota
	spaced      bool // the share is less than one request in a period
	maxInFlight int
	observe     func(Event)
	random      func(n int64) int64
	start       time.Time

	mu           sync.Mutex
	lastNumber   uint64 // of a ticket
	queue        queue
	timer        *time.Timer // calls dispatch at timerAt, while a request waits for the clock
	timerAt      int64
	inFlight     []*ticket // in the order in which they were sent
	uncounted    int       // those of them that are not in the log yet
	log          requestLog
	rtt          rttStats
	gate         gate
	learner      learner
	lastActivity int64 // last request sent or response received
	forecast     []int64
	sent         uint64
	rateLimited  uint64
	exploration  exploration // of the next request
}

func newClass(set QuotaSet, config PacerConfig, start time.Time) *class {
	share := set.Share(config.Share)
	c := &class{
		methods: set.Methods, quotas: share.Quotas, observe: config.Observe, start: start,
		maxInFlight: cmp.Or(config.MaxInFlight, DefaultMaxInFlight), timerAt: noDeadline,
	}
	for _, q := range c.quotas {
		c.log.reserve(q.N)
	}
	c.log.reserve(defaultLogSize)
	c.gate.inFlightLimit = c.maxInFlight
	c.random = rand.Int64N
	c.timer = time.AfterFunc(time.Hour, c.onTimer)
	c.timer.Stop()
	c.gate.credit = strayCost + 1 // the first 429 may be stray
	if config.Rand != nil {
		c.random = rand.New(config.Rand).Int64N
	}
	c.spaced = slices.ContainsFunc(set.Quotas, func(q Quota) bool { return q.N < config.Share })
	c.learner = learner{documented: c.quotas, off: c.spaced, log: &c.log}
	return c
}

func (c *class) now() int64 { return int64(time.Since(c.start)) }

// waitTime returns how long the next request must wait: 0 if it may be sent, noDeadline
// if that depends on a response.
func (c *class) waitTime(now int64) int64 {
	c.assumeCounted(now)
	c.exploration = exploration{}
	if len(c.inFlight) >= c.maxInFlight || c.sentSinceClosed() >= c.inFlightLimit() {
		return noDeadline
	}
	at := c.gate.notBefore
	for _, q := range c.quotas {
		at = max(at, c.nextFree(q.N, int64(q.Per)))
	}
	if at <= now {
		at, c.exploration = c.learner.next(now, len(c.inFlight) > 0, c.nextFreeLearned)
	}
	return max(0, at-now)
}

// sentSinceClosed is the number of requests in flight that were sent since the gate last
// closed. Earlier ones do not show how the server is now.
func (c *class) sentSinceClosed() int {
	n := len(c.inFlight)
	for n > 0 && c.gate.closedAt > 0 && c.inFlight[len(c.inFlight)-n].sent <= c.gate.closedAt {
		n--
	}
	return n
}

// inFlightLimit is how many requests sent since the gate last closed may be in flight. If
// nothing is known yet of a server without documented limits, all of them may be rejected.
func (c *class) inFlightLimit() int {
	switch {
	case c.gate.closed:
		return 1
	case len(c.quotas) == 0 && c.gate.closedAt == 0 && c.sent < defaultLogSize:
		return min(c.gate.inFlightLimit, maxInFlightUnknownLimits)
	}
	return c.gate.inFlightLimit
}

// assumeCounted counts the requests that have been in flight for so long that the server
// must have counted them, though their responses have not arrived.
func (c *class) assumeCounted(now int64) {
	for i := len(c.inFlight) - c.uncounted; i < len(c.inFlight); i++ {
		t := c.inFlight[i]
		at := t.sent + countDelay
		if at > now {
			return
		}
		t.countedEarly = true
		c.uncounted--
		c.log.add(at)
	}
}

// nextFree returns when one more request fits n per period, as far as is known now.
// Requests in flight are treated as counted later than all others.
func (c *class) nextFree(n int, per int64) int64 {
	if n <= c.uncounted {
		return addCappedTime(c.inFlight[len(c.inFlight)-n].sent+countDelay, per)
	}
	return addCappedTime(c.log.nthNewest(n-c.uncounted), per)
}

// nextFreeLearned is nextFree for learned limits: a request in flight is assumed to take
// the usual time, until it is late.
func (c *class) nextFreeLearned(n int, per int64) int64 {
	c.log.reserve(min(n+1, maxQuota))
	if n <= c.uncounted {
		if sent := c.inFlight[len(c.inFlight)-n].sent; c.now() < sent+2*c.rtt.mean-c.rtt.min {
			return addCappedTime(sent+c.rtt.mean-c.rtt.min, per)
		}
	}
	return c.nextFree(n, per)
}

// addCappedTime returns t+d, or noDeadline if that is more. d is not negative.
func addCappedTime(t, d int64) int64 { return min(t, noDeadline-d) + d }
