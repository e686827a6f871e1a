package sim

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/usersync/usersync/backoff"
)

// Scenario is one server and one job.
type Scenario struct {
	Name       string
	Server     func() Server
	RetryAfter RetryAfterFunc
	// Quotas are those that the vendor documents.
	Quotas      []backoff.Quota
	Users       int
	Processes   int           // 1 if 0
	Share       bool          // each process knows the number of processes
	Window      time.Duration // of a server of kind UndocumentedNoHeader
	FutileProbe time.Duration // of a server of kind UndocumentedNoHeader: when the best client probes too early
	NoBurst     bool          // the server wants its requests apart, and accepts no two at once
	Kind        Kind

	// Status of rejected requests, 0 for 429.
	Status int
	// Hold is how long the server works on a request.
	Hold time.Duration
	// Queue delays one request in ten by up to Queue before the server counts it.
	Queue time.Duration
	// RejectedShare of the requests are rejected by chance.
	RejectedShare float64
}

// Kind selects the bars of a scenario.
type Kind int

// The kinds of scenarios.
const (
	Documented           Kind = iota // the documented quota is the real one
	PartlyUsed                       // it is, but another process used the key before
	Undocumented                     // it is not documented, or changes
	UndocumentedNoHeader             // an undocumented window, and no Retry-After
	SharedKey                        // several processes on one key
	// Kinds of the random servers.
	WrongQuota   // the real limit is lower than documented, or a stricter one is hidden
	LongWindow   // an undocumented window of 10 s or more
	PerSecond    // an undocumented limit with a shorter period, or a token bucket
	Concurrency  // a limit on concurrent requests
	RandomReject // requests are rejected by chance
	Nodes        // several windows behind a load balancer: only lost users count
)

// Setting is what is varied over all scenarios.
type Setting struct {
	RTT        time.Duration
	Workers    int
	UserFactor int // users are multiplied by it
	Seed       uint64
}

// Client sends one user for a worker. A nil error means that the user was stored.
type Client func(ctx context.Context) error

// Build makes the client of one process.
type Build func(s Scenario, rt http.RoundTripper) Client

// Result is the outcome of a job.
type Result struct {
	Makespan, Best time.Duration
	Stored, Failed int
	RateLimited    int
	// MaxRejectedPerWindow is the maximum of rejected requests in one of the server's windows, of
	// kind UndocumentedNoHeader.
	MaxRejectedPerWindow int
	P99                  time.Duration
	Fairness             float64
	// Overtaken is the maximum number of later calls of the same process that were
	// sent before one call while that call waited. OvertakenTotal also counts those
	// sent while it was in flight.
	Overtaken, OvertakenTotal int
	Err                       error
	Network                   *Network
}

// Ratio is the makespan over the best possible.
func (r Result) Ratio() float64 { return float64(r.Makespan) / float64(r.Best) }

// Waste is the number of 429s per stored user.
func (r Result) Waste() float64 { return float64(r.RateLimited) / float64(max(1, r.Stored)) }

// Run simulates s. It must be called in a synctest bubble.
func Run(s Scenario, set Setting, build Build) Result {
	users, procs := s.Users*max(1, set.UserFactor), max(1, s.Processes)
	n := NewNetwork(s.Server(), s.RetryAfter, set.RTT, set.Seed)
	n.Status, n.Hold, n.Queue = s.Status, s.Hold, s.Queue
	workers := set.Workers
	if procs > 1 {
		workers = max(2, set.Workers/2)
	}
	best := Best(s, set, users, workers*procs)
	ctx, cancel := context.WithTimeout(context.Background(), 20*best) // a client that needs longer never ends
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var res Result
	var took []time.Duration
	var perWorker []float64
	calls := make([][]*call, procs)
	begin := time.Now()
	for p := range procs {
		client := build(s, n)
		left := users / procs
		if p < users%procs {
			left++
		}
		for range workers {
			wg.Go(func() {
				done := 0
				for {
					mu.Lock()
					if left == 0 {
						perWorker = append(perWorker, float64(done))
						mu.Unlock()
						return
					}
					left--
					start := time.Now()
					c := &call{queuedAt: start.Sub(begin)}
					mu.Unlock()
					err := client(withCall(ctx, c))
					mu.Lock()
					if err != nil {
						res.Failed++
						res.Err = err
					} else {
						res.Stored++
						done++
						calls[p] = append(calls[p], c)
						took = append(took, time.Since(start))
						res.Makespan = time.Since(begin)
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	for _, c := range calls {
		waiting, total := overtaken(c)
		res.Overtaken, res.OvertakenTotal = max(res.Overtaken, waiting), max(res.OvertakenTotal, total)
	}
	res.RateLimited, res.Network = len(n.RateLimited), n
	res.Best = best
	res.MaxRejectedPerWindow = maxPerWindow(n.RateLimited, s.Window)
	slices.Sort(took)
	if len(took) > 0 {
		res.P99 = took[len(took)*99/100]
	}
	res.Fairness = fairness(perWorker)
	return res
}

// maxInFlight is how many requests our pacer has in flight. Where the best client
// must be fair, it has no more: a rejected request would be overtaken by all others.
const maxInFlight = 8

// Best is the time that an all-knowing client needs with as many workers, from the first
// dial to the last response, if it stays within the documented quotas.
//
// Where the key was used before (PartlyUsed), no client can know that until the first
// 429, which states how long to wait: the best client knows all else, waits exactly as
// told, and has no more than 9 requests in flight, because a rejected one would be
// overtaken by more than 8.
//
// Where no limit is documented, no client knows the limit before the first 429 either,
// and some servers count rejected requests like any other. Where the server does not say
// how long its window is (FutileProbe), finding out takes a probe too early, which counts
// like the rest. Where the server wants its requests apart (NoBurst), no client knows
// how long one will be on its way: two have to leave further apart by the jitter of a
// way, or be rejected. Where requests are rejected by chance (RejectedShare), the best
// client waits as long as each 429 says, and has 8 requests in flight.
func Best(s Scenario, set Setting, users, workers int) time.Duration {
	server, docs := s.Server(), QuotaServer(s.Quotas...)
	if s.Kind == Nodes {
		server = docs // no client knows the node of a request
	}
	blind := len(s.Quotas) == 0
	all := Server(All{Parts: []Server{server, docs}})
	if s.Kind == PartlyUsed {
		all, workers = docs, min(workers, maxInFlight+1)
	}
	if r, ok := server.(*Random); ok {
		server, blind, workers = r.Server, false, min(workers, maxInFlight)
		all = All{Parts: []Server{server, docs}}
	}
	at := make([]time.Duration, users)
	now := set.RTT*12/10 + set.RTT/2
	rejected := 0.0
	for i := 0; i < users; i++ {
		if i >= workers {
			now = max(now, at[i-workers]+set.RTT+s.Hold)
		}
		if blind && !server.Allow(now) {
			blind = false
			if s.FutileProbe > 0 {
				server.Allow(s.FutileProbe)
			}
			i--
			continue
		}
		if !blind {
			now = all.NextFree(now)
		}
		if s.Kind == PartlyUsed && !server.Allow(now) {
			now += set.RTT + time.Duration(s.RetryAfter(now, server.NextFree(now))*float64(time.Second))
			i--
			continue
		}
		if !blind && !all.Allow(now) {
			panic("sim: a request was rejected when the server was free")
		}
		at[i] = now
		if rejected += s.RejectedShare; rejected >= 1 {
			rejected--
			now += set.RTT + max(0, time.Duration(s.RetryAfter(now, now)*float64(time.Second)))
		}
		if s.NoBurst {
			now = all.NextFree(now) + set.RTT*2/10
		}
	}
	return at[users-1] + set.RTT/2 + s.Hold
}

// maxPerWindow returns the maximum number of times in one window, counted from 0.
func maxPerWindow(times []time.Duration, window time.Duration) (most int) {
	if window == 0 {
		return 0
	}
	in := make(map[time.Duration]int)
	for _, t := range times {
		in[t/window]++
		most = max(most, in[t/window])
	}
	return most
}

// fairness returns Jain's fairness index: 1 if all values are equal, 0 if all are 0.
func fairness(x []float64) float64 {
	var sum, squares float64
	for _, v := range x {
		sum += v
		squares += v * v
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(x)) * squares)
}

// String returns the name of the kind.
func (k Kind) String() string {
	return [...]string{
		"documented", "partly used", "undocumented", "undocumented, no header", "shared key", "wrong quota or hidden limit",
		"long window", "per second", "concurrent requests", "random 429s", "nodes",
	}[k]
}
