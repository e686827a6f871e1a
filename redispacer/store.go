package redispacer

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
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
