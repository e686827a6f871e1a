package redispacer

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed step.lua
var stepSource string

var stepScript = redis.NewScript(stepSource)

// step is what a process tells the store at one time, and what it asks for.
// Durations are in microseconds.
type step struct {
	Process   string     `json:"process"`
	Epoch     string     `json:"epoch"`
	NewEpoch  string     `json:"new_epoch"`
	Seq       int64      `json:"seq"`
	Processes int        `json:"processes"`
	Reports   []report   `json:"reports"`
	Restore   *[]entry   `json:"restore,omitempty"`
	Acquire   *acquire   `json:"acquire,omitempty"`
	Leave     bool       `json:"leave,omitempty"`
	Windows   [][2]int64 `json:"windows"`
	Positions []int      `json:"positions"`
	Keep      int64      `json:"keep"`
	Guard     int64      `json:"guard"`
	Silence   int64      `json:"silence"`
	Poll      int64      `json:"poll"`
	MaxLog    int        `json:"max_log"`
}

// acquire asks for permission to send the request ID of the call Head, which has
// waited for Age. NextHead is the call behind it, which has waited for Next.
type acquire struct {
	ID       string `json:"id"`
	Head     string `json:"head"`
	Age      int64  `json:"age"`
	NextHead string `json:"next_head,omitempty"`
	Next     *int64 `json:"next,omitempty"`
}

// report is how a request ended, Age ago.
type report struct {
	ID         string `json:"id"`
	Status     string `json:"status"`          // one of the constants below
	Limit      bool   `json:"limit,omitempty"` // the rejection is evidence for a rate limit
	RetryAfter int64  `json:"retry_after"`
	Age        int64  `json:"age"`
	RTT        int64  `json:"rtt"`

	at time.Time
}

const (
	statusAccepted = "accepted"
	statusRejected = "rejected" // 429 or 503
	statusLost     = "lost"     // no response
	statusUnsent   = "unsent"   // the permission was not used
)

// entry is a request that a process gives back to a store that lost it.
type entry struct {
	ID       string `json:"id"`
	Age      int64  `json:"age"`
	InFlight bool   `json:"inflight,omitempty"`
}

// newStep describes the state of this process.
func (c *class) newStep(now time.Time) step {
	if !c.lastContact.IsZero() && now.Sub(c.lastContact) > c.keep()+c.guard() && c.fallback == nil {
		c.epoch, c.seq = "", 0 // everything this process knew has expired
	}
	s := step{
		Process: c.pacer.process, Epoch: c.epoch, NewEpoch: rand.Text(), Seq: c.seq, Processes: c.processes,
		Reports: slices.Clone(c.reports), Windows: make([][2]int64, 0, len(c.set.Quotas)), Positions: []int{},
		Guard: c.guard().Microseconds(), Silence: silence.Microseconds(), Poll: c.poll.Microseconds(), MaxLog: maxLog,
	}
	if s.Reports == nil {
		s.Reports = []report{}
	}
	for i := range s.Reports {
		if !s.Reports[i].at.IsZero() {
			s.Reports[i].Age = max(0, now.Sub(s.Reports[i].at)).Microseconds()
		}
	}
	for _, q := range c.set.Quotas {
		s.Windows = append(s.Windows, [2]int64{int64(q.N), q.Per.Microseconds()})
	}
	if len(s.Windows) == 0 {
		s.Keep = learnFor.Microseconds()
	}
	if c.processes == 0 {
		s.Processes = max(1, c.pacer.config.Share)
	}
	// A step of the fallback may be carried out late, while this process sends requests
	// that the store does not know. So it must not say that they are all known.
	if c.mustRestore && c.fallback == nil {
		s.Restore = c.requests.entries(now)
	}
	return s
}

func (c *class) newAcquire(now time.Time) *acquire {
	a := &acquire{
		ID: c.newID(), Head: fmt.Sprint(c.queue[0].number),
		Age: max(0, now.Sub(c.queue[0].queuedAt)).Microseconds(),
	}
	if len(c.queue) > 1 && c.inFlight+1 < maxInFlight {
		age := max(0, now.Sub(c.queue[1].queuedAt)).Microseconds()
		a.Next, a.NextHead = &age, fmt.Sprint(c.queue[1].number)
	}
	return a
}

// newID names a request. The script reads the guard time from the end of it.
func (c *class) newID() string {
	return fmt.Sprintf("%s:%d", rand.Text(), c.guard().Microseconds())
}

// keep is how long requests of this class matter.
func (c *class) keep() time.Duration {
	longest := c.learned.Per
	for _, q := range c.set.Quotas {
		longest = max(longest, q.Per)
	}
	return longest
}

func (c *class) guard() time.Duration { return c.pacer.config.RequestTimeout + timeoutMargin }

// States of a reply.
const (
	stateGo      = "go"      // the request may be sent
	stateWait    = "wait"    // ask again after the wait
	stateRestore = "restore" // the store lacks requests of this process
)

// reply is the result of a step.
type reply struct {
	state        string
	wait         time.Duration
	processes    int
	seq          int64
	epoch        string
	learnedN     int
	learnedPer   time.Duration
	rank         int           // of this process, from 0
	clock        time.Duration // of the store
	positionWait []time.Duration
}

// ask runs one step. It returns an error if the store does not reply in time; the
// step may then still be carried out.
func (p *Pacer) ask(ctx context.Context, keys []string, s step) (reply, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return reply{}, err
	}
	values, err := stepScript.Run(ctx, p.client, keys, text).Slice()
	if err != nil {
		return reply{}, err
	}
	return parseReply(values)
}

func parseReply(values []any) (r reply, err error) {
	if len(values) < 9 {
		return r, fmt.Errorf("redispacer: script returned %d values", len(values))
	}
	numbers := make([]int64, len(values))
	for i, v := range values {
		numbers[i], _ = v.(int64)
	}
	micro := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	r.state, _ = values[0].(string)
	r.epoch, _ = values[4].(string)
	r.wait, r.processes, r.seq = micro(numbers[1]), int(numbers[2]), numbers[3]
	r.learnedN, r.learnedPer = int(numbers[5]), micro(numbers[6])
	if r.state == stateRestore {
		return r, nil
	}
	r.rank = int(numbers[7])
	text, _ := values[8].(string)
	clock, err := strconv.ParseInt(text, 10, 64)
	r.clock = micro(clock)
	for _, n := range numbers[9:] {
		r.positionWait = append(r.positionWait, micro(n))
	}
	return r, err
}
