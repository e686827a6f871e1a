package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/usersync/usersync/backoff"
)

// RandomServer returns the server, job and network that belong to seed. The kind, limit,
// period, burst, window boundary, headers, status, latency and number of goroutines are
// drawn at random.
func RandomServer(seed uint64) (Scenario, Setting) {
	g := generator{rand.New(rand.NewPCG(seed, 2024))}
	set := Setting{
		RTT:     time.Duration(g.logUniform(20, 400)) * time.Millisecond,
		Workers: pick(g, 1, 2, 4, 8, 16, 16, 32, 64),
	}
	var s Scenario
	switch n := g.IntN(100); {
	case n < 14:
		s = g.documented()
	case n < 24:
		s = g.hiddenLimit()
	case n < 33:
		s = g.lowerThanDocumented()
	case n < 50:
		s = g.longWindow()
	case n < 67:
		s = g.shortWindow()
	case n < 84:
		s = g.bucket()
	case n < 92:
		s = g.concurrent(&set)
	default:
		s = g.random()
	}
	s.Name = fmt.Sprintf("%d: %s, %d users, %v, %d goroutines", seed, s.Name, s.Users, set.RTT, set.Workers)
	return s, set
}

type generator struct{ *rand.Rand }

func pick[T any](g generator, values ...T) T { return values[g.IntN(len(values))] }

func (g generator) logUniform(low, high float64) float64 {
	return math.Round(low * math.Pow(high/low, g.Float64()))
}

func (g generator) n(low, high float64) int { return int(g.logUniform(low, high)) }

// header sets how a server with windows of per states the remaining time.
func (g generator) header(s *Scenario, per time.Duration) {
	switch n := g.IntN(10); {
	case n < 4:
		s.RetryAfter, s.Name = RetryAfterExact, s.Name+", exact"
	case n < 7:
		s.RetryAfter, s.Name = NoRetryAfter, s.Name+", silent"
	case n < 8:
		s.RetryAfter, s.Name = RetryAfterFixed(time.Second), s.Name+", always 1"
	case n < 9:
		s.RetryAfter, s.Name = RetryAfterTruncated, s.Name+", truncated"
	default:
		whole := time.Duration(math.Ceil(per.Seconds())) * time.Second
		s.RetryAfter, s.Name = RetryAfterFixed(whole), fmt.Sprintf("%s, always %v", s.Name, whole)
	}
	if g.IntN(10) == 0 {
		s.Status, s.Name = 503, s.Name+", 503"
	}
}

// window returns a limiter of n requests in per with one of three boundaries.
func (g generator) window(n int, per time.Duration) (func() Server, string) {
	switch b := g.IntN(8); {
	case b < 3:
		return window(n, per), fmt.Sprintf("%d per %v", n, per)
	case b < 5:
		phase := time.Duration(g.Int64N(int64(per)))
		return func() Server { return &Window{N: n, Per: per, Clock: true, Phase: phase} }, fmt.Sprintf("clock %d per %v", n, per)
	case b < 7:
		return func() Server { return &Log{N: n, Per: per} }, fmt.Sprintf("sliding %d per %v", n, per)
	}
	return func() Server { return &Log{N: n, Per: per, CountRejected: true} }, fmt.Sprintf("sliding %d per %v, counting rejected", n, per)
}

func (g generator) longPeriod() time.Duration {
	return pick(g, 10*sec, 15*sec, 20*sec, 30*sec, minute, minute, 2*minute, 5*minute)
}

func (g generator) quota() backoff.Quota {
	return pick(g, q(60, minute), q(100, minute), q(300, minute), q(300, minute), q(500, 5*minute), q(100, 30*sec), q(1000, 10*minute), q(g.n(20, 600), minute))
}

// windows sets a number of users that takes several windows of quota.
func (g generator) windows(s *Scenario, quota backoff.Quota) {
	s.Users = min(max(30, int(float64(quota.N)*(2+8*g.Float64()))), 5000)
}

func (g generator) documented() Scenario {
	quota := g.quota()
	s := Scenario{Kind: Documented, Quotas: []backoff.Quota{quota}}
	g.windows(&s, quota)
	if g.IntN(5) == 0 {
		every, burst := quota.Per/time.Duration(quota.N), quota.N
		s.Server, s.Name = func() Server { return &Bucket{Every: every, Burst: burst} }, "bucket"
	} else {
		s.Server, s.Name = g.window(quota.N, quota.Per)
	}
	s.Name = fmt.Sprintf("documented %s, %s", quota, s.Name)
	g.header(&s, quota.Per)
	return s
}

func (g generator) hiddenLimit() Scenario {
	quota := g.quota()
	average := float64(quota.N) / quota.Per.Seconds()
	s := Scenario{Kind: WrongQuota, Quotas: []backoff.Quota{quota}}
	g.windows(&s, quota)
	s.Users = max(s.Users, 200)
	documented, _ := g.window(quota.N, quota.Per)
	rate := average * (0.6 + 2*g.Float64())
	var hidden func() Server
	var name string
	if g.IntN(3) == 0 {
		every, burst := time.Duration(float64(sec)/rate), g.n(1, 20)
		hidden, name = func() Server { return &Bucket{Every: every, Burst: burst} }, fmt.Sprintf("bucket %.2f/s burst %d", rate, burst)
		s.NoBurst = burst == 1
	} else {
		per := pick(g, sec, sec, sec, 2*sec, 5*sec)
		hidden, name = g.window(max(1, int(rate*per.Seconds())), per)
	}
	s.Server = func() Server { return All{Parts: []Server{documented(), hidden()}} }
	s.Name = fmt.Sprintf("documented %s, hidden %s", quota, name)
	g.header(&s, sec)
	return s
}

func (g generator) lowerThanDocumented() Scenario {
	quota := g.quota()
	real := q(max(1, int(float64(quota.N)*(0.3+0.6*g.Float64()))), quota.Per)
	s := Scenario{Kind: WrongQuota, Quotas: []backoff.Quota{quota}}
	g.windows(&s, real)
	s.Server, s.Name = g.window(real.N, real.Per)
	s.Name = fmt.Sprintf("documented %s, really %s", quota, s.Name)
	g.header(&s, quota.Per)
	return s
}

func (g generator) longWindow() Scenario {
	quota := q(g.n(5, 500), g.longPeriod())
	s := Scenario{Kind: LongWindow}
	g.windows(&s, quota)
	s.Users = max(s.Users, 3*quota.N)
	s.Server, s.Name = g.window(quota.N, quota.Per)
	s.Name = "undocumented " + s.Name
	g.header(&s, quota.Per)
	return s
}

// perSecond sets a number of users for a limit of rate requests per second.
func (g generator) perSecond(s *Scenario, rate float64) {
	s.Kind = PerSecond
	s.Users = min(max(200, int(g.logUniform(20, 400)*rate)), 5000)
}

func (g generator) shortWindow() Scenario {
	per := pick(g, sec, sec, sec, 2*sec, 3*sec, 5*sec, 7*sec, 9*sec)
	n := max(1, int(g.logUniform(5, 300)*per.Seconds()/10))
	var s Scenario
	g.perSecond(&s, float64(n)/per.Seconds())
	server, name := g.window(n, per)
	s.Server, s.Name = server, name
	if g.IntN(4) == 0 {
		long := q(int(float64(n)/per.Seconds()*60*(0.4+0.5*g.Float64())), minute)
		if long.N > n {
			s.Server = func() Server { return All{Parts: []Server{server(), &Window{N: long.N, Per: long.Per}}} }
			s.Name += " and " + long.String()
		}
	}
	s.NoBurst = n == 1
	g.header(&s, per)
	return s
}

func (g generator) bucket() Scenario {
	rate := g.logUniform(20, 3000) / 100
	every := time.Duration(float64(sec) / rate)
	burst := pick(g, 1, 2, 3, 4, 5, 10, 20, 50, 100)
	s := Scenario{NoBurst: burst == 1}
	g.perSecond(&s, rate)
	s.Server, s.Name = func() Server { return &Bucket{Every: every, Burst: burst} }, fmt.Sprintf("bucket %.2f/s burst %d", rate, burst)
	g.header(&s, sec)
	if g.IntN(15) == 0 {
		s.RetryAfter, s.Name = RetryAfterFixed(10*sec), s.Name+", in fact always 10"
	}
	return s
}

func (g generator) concurrent(set *Setting) Scenario {
	n, hold := 1+g.IntN(5), time.Duration(g.logUniform(200, 1000))*time.Millisecond
	set.RTT = min(set.RTT, hold*2/5) // else no client can be near the best without being rejected
	s := Scenario{Kind: Concurrency, Hold: hold, Users: g.n(200, 1000), Name: fmt.Sprintf("%d at a time, %v", n, hold)}
	s.Server = func() Server { return &Concurrent{N: n, Hold: hold} }
	g.header(&s, sec)
	return s
}

func (g generator) random() Scenario {
	share := float64(1+g.IntN(5)) / 100
	s := Scenario{Kind: RandomReject, RejectedShare: share, Name: fmt.Sprintf("%.0f %% at random", 100*share), Users: g.n(200, 2000)}
	s.RetryAfter = pick(g, RetryAfterFunc(NoRetryAfter), NoRetryAfter, RetryAfterFixed(sec))
	if s.RetryAfter(0, 0) > 0 {
		s.Name += ", always 1"
	}
	limit := Server(QuotaServer())
	if g.IntN(2) == 0 {
		quota := g.quota()
		s.Quotas = []backoff.Quota{quota}
		g.windows(&s, quota)
		s.Name += ", documented " + quota.String()
	}
	seed := g.Uint64()
	s.Server = func() Server {
		return &Random{Server: limit, Share: share, Rand: rand.New(rand.NewPCG(seed, 7))}
	}
	return s
}

// Bars returns the maximum ratio and 429s per user of a server of one of the kinds of random
// servers: those for a round trip of 100 ms and of 400 ms, interpolated.
func Bars(s Scenario, set Setting) (ratio, waste float64) {
	var near, far float64
	switch s.Kind {
	case Documented:
		near, far, waste = 1.02, 1.05, 0
		if best := Best(s, set, s.Users, set.Workers); best < 2*s.Quotas[0].Per {
			near = 1.05
		}
	case WrongQuota:
		near, far, waste = 1.20, 1.30, 0.10
	case LongWindow:
		near, far, waste = 1.10, 1.15, 0.07
	case PerSecond:
		near, far, waste = 1.20, 1.40, 0.10
	case Concurrency:
		near, far, waste = 1.45, 1.60, 0.10
	case RandomReject:
		near, far, waste = 2.5, 3, 1
	default:
		near, far, waste = 1.5, 2, 1
	}
	part := min(1, max(0, float64(set.RTT-100*time.Millisecond)/float64(300*time.Millisecond)))
	return near + part*(far-near), waste
}
