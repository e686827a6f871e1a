package backoff

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// forever is a wait that no clock ends, only an answer.
const forever = int64(math.MaxInt64)

// learnable is how many requests are remembered of a class without quotas.
const learnable = 1024

// unprovenInFlight is how many requests are under way at the most as long as a class
// is unproven: with the probes of a minute, no more than ten are refused.
const unprovenInFlight = 6

// class paces the requests that share their quotas. Times are nanoseconds since
// start.
type class struct {
	methods  []string
	quotas   []Quota
	apart    bool // the share leaves less than one request in a period
	inFlight int
	observe  func(Event)
	random   func(n int64) int64
	start    time.Time

	mu      sync.Mutex
	issued  uint64 // numbers given out
	queue   queue
	timer   *time.Timer // wakes dispatch, only while someone waits for the clock
	wakeAt  int64
	flight  []*turn // under way, in the order of departure
	unknown int     // those of them that are not in the log yet
	log     windowLog
	trip    roundTrip
	gate    gate
	learned learned
	last    int64 // latest departure
	busy    int64 // latest departure or answer
	began   int64 // first departure after a pause
	plan    forecast
	refused uint64
	trial   trial // how the next leaves
	left    uint64
}

func newClass(set QuotaSet, config PacerConfig, start time.Time) *class {
	share := set.Share(config.Share)
	c := &class{
		methods: set.Methods, quotas: share.Quotas, observe: config.Observe, start: start,
		inFlight: config.InFlight, last: -forever / 2,
	}
	if c.inFlight == 0 {
		c.inFlight = DefaultInFlight
	}
	for _, q := range c.quotas {
		c.log.reserve(q.N)
	}
	if len(c.quotas) == 0 {
		c.log.reserve(learnable)
	}
	c.gate.ramp = c.inFlight
	c.random = rand.Int64N
	if config.Rand != nil {
		c.random = rand.New(config.Rand).Int64N
	}
	c.apart = slices.ContainsFunc(set.Quotas, func(q Quota) bool { return q.N < config.Share })
	return c
}

func (c *class) now() int64 { return int64(time.Since(c.start)) }

// delay returns how long the next request has to wait, 0 when it may leave, and
// forever when it depends on an answer alone.
func (c *class) delay(now int64) int64 {
	c.settle(now)
	c.trial = none
	if len(c.flight) >= c.room() {
		return forever
	}
	at := c.gate.until
	for _, q := range c.quotas {
		at = max(at, c.free(q.N, int64(q.Per)))
	}
	if at <= now {
		at = c.learnedDelay(now)
	}
	return max(0, at-now)
}

// room is how many requests may be under way.
func (c *class) room() int {
	if c.gate.shut {
		return 1
	}
	most := c.inFlight
	if c.unproven() {
		most = min(most, unprovenInFlight)
	}
	return min(c.gate.ramp, most)
}

// unproven reports whether nothing is known yet of the limits of a server that
// documents none. All that is under way may be refused at once then.
func (c *class) unproven() bool {
	return len(c.quotas) == 0 && c.refused == 0 && c.left < learnable
}

// settle counts the requests that have been under way for so long that the
// server must have counted them, though their answers are not here.
func (c *class) settle(now int64) {
	for i := len(c.flight) - c.unknown; i < len(c.flight); i++ {
		t := c.flight[i]
		at := t.sent + c.trip.guard()
		if at > now {
			return
		}
		t.logged = true
		c.unknown--
		c.log.add(at)
	}
}

// free returns when one more request fits n per period, as far as is known now.
// Requests under way count as if they were counted later than all others.
func (c *class) free(n int, per int64) int64 {
	if n <= c.unknown {
		return addTime(c.flight[len(c.flight)-n].sent+c.trip.guard(), per)
	}
	if t, ok := c.log.last(n - c.unknown); ok {
		return addTime(t, per)
	}
	return 0
}

func addTime(t, d int64) int64 {
	if sum := t + d; sum >= t {
		return sum
	}
	return forever
}
