package sim

import (
	"math/rand/v2"
	"time"

	"github.com/usersync/usersync/backoff"
)

// UnknownScenarios returns servers that the pacer was not built with: hidden limits, limits
// that are not documented, limits on concurrent requests, and random 429s.
func UnknownScenarios() []Scenario {
	doc60, doc300, doc500 := []backoff.Quota{q(2, sec), q(60, minute)}, []backoff.Quota{q(300, minute)}, []backoff.Quota{q(500, 5*minute)}
	hidden := func(name string, server func() Server, retryAfter RetryAfterFunc) Scenario {
		both := func() Server { return All{Parts: []Server{&Window{N: 300, Per: minute}, server()}} }
		return Scenario{Name: name, Server: both, RetryAfter: retryAfter, Quotas: doc300, Users: 1000, Kind: WrongQuota}
	}
	two := func(n int, per time.Duration, m int, long time.Duration) func() Server {
		return func() Server { return All{Parts: []Server{&Window{N: n, Per: per}, &Window{N: m, Per: long}}} }
	}
	sliding := func(n int, per time.Duration) func() Server {
		return func() Server { return &Log{N: n, Per: per} }
	}
	clock := func(n int, per, phase time.Duration) func() Server {
		return func() Server { return &Window{N: n, Per: per, Clock: true, Phase: phase} }
	}
	bucket := func(rate, burst int, delaying bool) func() Server {
		return func() Server { return &Bucket{Every: sec / time.Duration(rate), Burst: burst, Delaying: delaying} }
	}
	concurrent := func(n int) func() Server {
		return func() Server { return &Concurrent{N: n, Hold: 300 * time.Millisecond} }
	}
	random := func(share float64) func() Server {
		return func() Server {
			return &Random{Server: QuotaServer(), Share: share, Rand: rand.New(rand.NewPCG(5, 6))}
		}
	}
	always1 := RetryAfterFixed(sec)
	return []Scenario{
		{Name: "k1 documented 2/s+60/min, truncated", Server: laravel(2, 60), RetryAfter: RetryAfterTruncated, Quotas: doc60, Users: 240},
		{Name: "k2 documented bucket 5/s burst 300", Server: bucket(5, 300, false), RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1000},
		{Name: "k3 documented sliding 500/5min, counting rejected", Server: func() Server { return &Log{N: 500, Per: 5 * minute, CountRejected: true} }, RetryAfter: RetryAfterExact, Quotas: doc500, Users: 2000},
		hidden("l1 hidden 5/s, exact", window(5, sec), RetryAfterExact),
		hidden("l2 hidden 10/s, silent", window(10, sec), NoRetryAfter),
		hidden("l3 hidden 3/s, silent", window(3, sec), NoRetryAfter),
		hidden("l4 hidden bucket 3/s burst 5, silent", bucket(3, 5, false), NoRetryAfter),
		hidden("l5 hidden sliding 3/s, exact", sliding(3, sec), RetryAfterExact),
		hidden("l6 hidden clock 3/s, always 1", clock(3, sec, 300*time.Millisecond), always1),
		{Name: "m1 unknown 60/min, always 1", Server: window(60, minute), RetryAfter: always1, Users: 300, Kind: LongWindow},
		{Name: "m2 unknown clock 50/30s, silent", Server: clock(50, 30*sec, 7*sec), RetryAfter: NoRetryAfter, Users: 400, Kind: LongWindow},
		{Name: "m3 unknown 60/min, 503, exact", Server: window(60, minute), RetryAfter: RetryAfterExact, Users: 300, Kind: LongWindow, Status: 503},
		{Name: "m4 unknown 60/min, 503, silent", Server: window(60, minute), RetryAfter: NoRetryAfter, Users: 300, Kind: LongWindow, Status: 503},
		{Name: "n1 delaying bucket 5/s burst 5, silent", Server: bucket(5, 5, true), RetryAfter: NoRetryAfter, Users: 500, Kind: PerSecond},
		{Name: "n2 bucket 5/s burst 20, 503, silent", Server: bucket(5, 20, false), RetryAfter: NoRetryAfter, Users: 500, Kind: PerSecond, Status: 503},
		{Name: "n3 unknown 3/s+100/min, exact", Server: two(3, sec, 100, minute), RetryAfter: RetryAfterExact, Users: 500, Kind: PerSecond},
		{Name: "n4 unknown 3/s, exact", Server: window(3, sec), RetryAfter: RetryAfterExact, Users: 500, Kind: PerSecond},
		{Name: "n5 unknown 10/s, exact", Server: window(10, sec), RetryAfter: RetryAfterExact, Users: 1000, Kind: PerSecond},
		{Name: "n6 unknown sliding 10/s", Server: sliding(10, sec), RetryAfter: RetryAfterExact, Users: 200, Kind: PerSecond},
		{Name: "n7 unknown 10/s, short job", Server: window(10, sec), RetryAfter: RetryAfterExact, Users: 200, Kind: PerSecond},
		{Name: "n8 unknown 5/s+100/min", Server: two(5, sec, 100, minute), RetryAfter: RetryAfterExact, Users: 500, Kind: PerSecond},
		{Name: "n9 unknown 2/s+60/min", Server: two(2, sec, 60, minute), RetryAfter: RetryAfterExact, Users: 300, Kind: PerSecond},
		{Name: "o1 2 at a time, silent", Server: concurrent(2), RetryAfter: NoRetryAfter, Users: 500, Kind: Concurrency, Hold: 300 * time.Millisecond},
		{Name: "o2 4 at a time, always 1", Server: concurrent(4), RetryAfter: always1, Users: 500, Kind: Concurrency, Hold: 300 * time.Millisecond},
		{Name: "p1 5 % at random, silent", Server: random(0.05), RetryAfter: NoRetryAfter, Users: 1000, Kind: RandomReject, RejectedShare: 0.05},
		{Name: "p2 2 % at random, always 1, documented 300/min", Server: random(0.02), RetryAfter: always1, Quotas: doc300, Users: 1000, Kind: RandomReject, RejectedShare: 0.02},
		{Name: "p3 5 % at random, silent, documented 300/min", Server: random(0.05), RetryAfter: NoRetryAfter, Quotas: doc300, Users: 1000, Kind: RandomReject, RejectedShare: 0.05},
		{Name: "r1 three nodes of 100/min, documented 300/min", Server: func() Server { return NewNodes(3, 100, minute) }, RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1000, Kind: Nodes},
	}
}
