package backoff

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// noDeadline is a wait that no clock ends, only an answer.
const noDeadline = int64(math.MaxInt64)

// defaultLogSize is how many requests are remembered of a class without quotas.
const defaultLogSize = 1024

// maxInFlightUnknownLimits is how many requests are under way at the most as long as a class
// is unproven: with the probes of a minute, no more than ten are refused.
const maxInFlightUnknownLimits = 6

// class paces the requests that share their quotas. Times are nanoseconds since
// start.
type class struct {
	methods     []string
	quotas      []Quota
	spaced      bool // the share leaves less than one request in a period
	maxInFlight int
	observe     func(Event)
	random      func(n int64) int64
	start       time.Time

	mu              sync.Mutex
	lastNumber      uint64 // numbers given out
	queue           queue
	timer           *time.Timer // wakes dispatch, only while someone waits for the clock
	timerAt         int64
	inFlight        []*ticket // under way, in the order of departure
	uncounted       int       // those of them that are not in the log yet
	log             requestLog
	rtt             rttStats
	gate            gate
	learned         learnedLimits
	lastSent        int64 // latest departure
	lastActivity    int64 // latest departure or answer
	burstStart      int64 // first departure after a pause
	forecast        forecast
	rateLimited     uint64
	nextExploration exploration // how the next leaves
	sent            uint64
}

func newClass(set QuotaSet, config PacerConfig, start time.Time) *class {
	share := set.Share(config.Share)
	c := &class{
		methods: set.Methods, quotas: share.Quotas, observe: config.Observe, start: start,
		maxInFlight: config.MaxInFlight, lastSent: -noDeadline / 2,
	}
	if c.maxInFlight == 0 {
		c.maxInFlight = DefaultMaxInFlight
	}
	for _, q := range c.quotas {
		c.log.reserve(q.N)
	}
	if len(c.quotas) == 0 {
		c.log.reserve(defaultLogSize)
	}
	c.gate.inFlightLimit = c.maxInFlight
	c.random = rand.Int64N
	if config.Rand != nil {
		c.random = rand.New(config.Rand).Int64N
	}
	c.spaced = slices.ContainsFunc(set.Quotas, func(q Quota) bool { return q.N < config.Share })
	return c
}

func (c *class) now() int64 { return int64(time.Since(c.start)) }

// waitTime returns how long the next request has to wait, 0 when it may leave, and
// forever when it depends on an answer alone.
func (c *class) waitTime(now int64) int64 {
	c.assumeCounted(now)
	c.nextExploration = noExploration
	if len(c.inFlight) >= c.inFlightLimit() {
		return noDeadline
	}
	at := c.gate.notBefore
	for _, q := range c.quotas {
		at = max(at, c.nextFree(q.N, int64(q.Per)))
	}
	if at <= now {
		at = c.learnedDelay(now)
	}
	return max(0, at-now)
}

// inFlightLimit is how many requests may be under way.
func (c *class) inFlightLimit() int {
	if c.gate.closed {
		return 1
	}
	most := c.maxInFlight
	if c.limitsUnknown() {
		most = min(most, maxInFlightUnknownLimits)
	}
	return min(c.gate.inFlightLimit, most)
}

// limitsUnknown reports whether nothing is known yet of the limits of a server that
// documents none. All that is under way may be refused at once then.
func (c *class) limitsUnknown() bool {
	return len(c.quotas) == 0 && c.rateLimited == 0 && c.sent < defaultLogSize
}

// assumeCounted counts the requests that have been under way for so long that the
// server must have counted them, though their answers are not here.
func (c *class) assumeCounted(now int64) {
	for i := len(c.inFlight) - c.uncounted; i < len(c.inFlight); i++ {
		t := c.inFlight[i]
		at := t.sent + c.rtt.countDelay()
		if at > now {
			return
		}
		t.countedEarly = true
		c.uncounted--
		c.log.add(at)
	}
}

// nextFree returns when one more request fits n per period, as far as is known now.
// Requests under way count as if they were counted later than all others.
func (c *class) nextFree(n int, per int64) int64 {
	if n <= c.uncounted {
		return addCappedTime(c.inFlight[len(c.inFlight)-n].sent+c.rtt.countDelay(), per)
	}
	if t, ok := c.log.nthNewest(n - c.uncounted); ok {
		return addCappedTime(t, per)
	}
	return 0
}

func addCappedTime(t, d int64) int64 {
	if sum := t + d; sum >= t {
		return sum
	}
	return noDeadline
}
