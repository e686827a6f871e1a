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
	Name   string
	Server func() Server
	Wish   RetryAfterFunc
	// Quotas are the quotas that the vendor documents.
	Quotas      []backoff.Quota
	Users       int
	Processes   int           // 1 if 0
	Share       bool          // each process knows of the others
	Window      time.Duration // of a server of kind Mute
	FutileProbe time.Duration // of a server of kind Mute: when the best client asks in vain whether the window is over
	NoBurst     bool          // the server wants its requests apart, and takes no two at once
	Kind        Kind
}

// Kind says which bars hold for a scenario.
type Kind int

// The kinds of scenarios.
const (
	Documented           Kind = iota // the documented quota is the real one
	PartlyUsed                       // it is, but somebody used the key before
	Undocumented                     // it is not documented, or changes
	UndocumentedNoHeader             // an undocumented window, and no Retry-After
	SharedKey                        // several processes on one key
)

// Setting is what is varied over all scenarios.
type Setting struct {
	RTT        time.Duration
	Workers    int
	UserFactor int // users are multiplied by it
	Seed       uint64
}

// Client sends one user for a worker, and reports whether the user was stored.
type Client func(ctx context.Context) error

// Build makes the client of one process.
type Build func(s Scenario, rt http.RoundTripper) Client

// Result is the outcome of a job.
type Result struct {
	Makespan, Best time.Duration
	Stored, Failed int
	RateLimited    int
	// MaxRejectedPerWindow are the most refused in one of the server's windows, of kind Mute.
	MaxRejectedPerWindow int
	P99                  time.Duration
	Fairness             float64
	// Overtaken is by how many that came later in the same process a call was
	// passed at most while it waited for its turn, Passed whatever it did.
	Overtaken, OvertakenTotal int
	Err                       error
	Network                   *Network
}

// Ratio is the makespan over the best possible.
func (r Result) Ratio() float64 { return float64(r.Makespan) / float64(r.Best) }

// Waste is the number of 429s per stored user.
func (r Result) Waste() float64 { return float64(r.RateLimited) / float64(max(1, r.Stored)) }

// Run plays s. It must be called in a synctest bubble.
func Run(s Scenario, set Setting, build Build) Result {
	users, procs := s.Users*max(1, set.UserFactor), max(1, s.Processes)
	n := NewNetwork(s.Server(), s.Wish, set.RTT, set.Seed)
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
	var fair []float64
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
						fair = append(fair, float64(done))
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
		waiting, passed := overtaken(c)
		res.Overtaken, res.OvertakenTotal = max(res.Overtaken, waiting), max(res.OvertakenTotal, passed)
	}
	res.RateLimited, res.Network = len(n.RateLimited), n
	res.Best = best
	res.MaxRejectedPerWindow = mostIn(n.RateLimited, s.Window)
	slices.Sort(took)
	if len(took) > 0 {
		res.P99 = took[len(took)*99/100]
	}
	res.Fairness = fairness(fair)
	return res
}

// Best is what an all-knowing sender needs that keeps to the documented quotas,
// with as many workers, from the first dial to the last answer.
//
// Where the key was used before (Used), nobody can know until the first refusal,
// and the server then says how long to wait: the best there is the sender that
// knows all else, waits exactly as told, and has no more than 9 requests under
// way, because a refused one would be overtaken by more than 8.
//
// Where nothing is documented, nobody can know the limit either until the first
// refusal, which some servers count like any other request. Where the server does
// not say how long its window is (Asked), finding out takes a question too early,
// which counts like the rest. And where the server
// wants its requests apart (Strict), nobody can know how long one will be on its way:
// two have to leave further apart by the jitter of a way, or be refused.
func Best(s Scenario, set Setting, users, workers int) time.Duration {
	server, docs := s.Server(), QuotaServer(s.Quotas...)
	blind := len(s.Quotas) == 0
	all := Server(All{Parts: []Server{server, docs}})
	if s.Kind == PartlyUsed {
		all, workers = docs, min(workers, 9)
	}
	at := make([]time.Duration, users)
	now := set.RTT*12/10 + set.RTT/2
	for i := 0; i < users; i++ {
		if i >= workers {
			now = max(now, at[i-workers]+set.RTT)
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
			now += set.RTT + time.Duration(s.Wish(now, server.NextFree(now))*float64(time.Second))
			i--
			continue
		}
		if !blind && !all.Allow(now) {
			panic("sim: a request was refused when the server was free")
		}
		at[i] = now
		if s.NoBurst {
			now += s.Quotas[0].Per/time.Duration(s.Quotas[0].N) + set.RTT*2/10
		}
	}
	return at[users-1] + set.RTT/2
}

// mostIn is how many of the times fall into one window at the most, counted from 0.
func mostIn(times []time.Duration, window time.Duration) (most int) {
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
