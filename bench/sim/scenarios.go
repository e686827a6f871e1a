package sim

import (
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	sec    = time.Second
	minute = time.Minute

	// futileProbe is when any client must have probed too early a silent server that counts
	// 60 per minute and rejected requests too. Until a probe tells them apart, a client behaves
	// here as at e8, with windows of 45 s. If it sends no probe between 45 and 60 s in the
	// first four waits, each wait costs 15 s at e8: 285 s instead of 225 s, above the bar. If
	// it does, the probe is rejected here.
	futileProbe = 45 * sec
)

func q(n int, per time.Duration) backoff.Quota { return backoff.Quota{N: n, Per: per} }

func window(n int, per time.Duration) func() Server {
	return func() Server { return &Window{N: n, Per: per} }
}

func laravel(n, m int) func() Server {
	return func() Server {
		return All{Parts: []Server{&Window{N: n, Per: sec}, &Window{N: m, Per: minute}}}
	}
}

// Scenarios returns all servers and jobs.
func Scenarios() []Scenario {
	doc30, doc60, doc300 := []backoff.Quota{q(1, sec), q(30, minute)}, []backoff.Quota{q(2, sec), q(60, minute)}, []backoff.Quota{q(300, minute)}
	return []Scenario{
		{Name: "a1 1/s+30/min, short job", Server: laravel(1, 30), RetryAfter: RetryAfterExact, Quotas: doc30, Users: 25},
		{Name: "a2 1/s+30/min", Server: laravel(1, 30), RetryAfter: RetryAfterExact, Quotas: doc30, Users: 120},
		{Name: "a3 2/s+60/min", Server: laravel(2, 60), RetryAfter: RetryAfterTruncated, Quotas: doc60, Users: 240},
		{Name: "a4 30/min+1/s, counting rejected", Server: func() Server {
			return All{CountInOrder: true, Parts: []Server{&Window{N: 30, Per: minute}, &Window{N: 1, Per: sec}}}
		}, RetryAfter: RetryAfterTruncated, Quotas: doc30, Users: 120},
		{Name: "b1 300/min, always 60", Server: window(300, minute), RetryAfter: RetryAfterFixed(minute), Quotas: doc300, Users: 1000},
		{Name: "b2 200 used before", Server: func() Server { return (&Window{N: 300, Per: minute}).Use(200, -18*sec) }, RetryAfter: RetryAfterFixed(minute), Quotas: doc300, Users: 1000, Kind: PartlyUsed},
		{Name: "b3 clock, at :40", Server: func() Server { return &Window{N: 300, Per: minute, Clock: true, Phase: 40 * sec} }, RetryAfter: RetryAfterFixed(minute), Quotas: doc300, Users: 1000},
		{Name: "b4 clock, at :13, banning", Server: func() Server {
			return &Ban{Server: &Window{N: 300, Per: minute, Clock: true, Phase: 13 * sec}, After: 10, Duration: 5 * minute}
		}, RetryAfter: RetryAfterFixed(minute), Quotas: doc300, Users: 1000},
		{Name: "b5 banning, 200 used before", Server: func() Server {
			return &Ban{Server: (&Window{N: 300, Per: minute}).Use(200, -18*sec), After: 10, Duration: 5 * minute}
		}, RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1000, Kind: PartlyUsed},
		{Name: "c sliding 300/min", Server: func() Server { return &Log{N: 300, Per: minute} }, RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1000},
		{Name: "c2 sliding, counting rejected", Server: func() Server { return &Log{N: 100, Per: 30 * sec, CountRejected: true} }, RetryAfter: RetryAfterExact, Quotas: []backoff.Quota{q(100, 30*sec)}, Users: 700},
		{Name: "c3 sliding 1000/10min", Server: func() Server { return &Log{N: 1000, Per: 10 * minute} }, RetryAfter: NoRetryAfter, Quotas: []backoff.Quota{q(1000, 10*minute)}, Users: 3500},
		{Name: "d1 GCRA 5/s burst 20", Server: func() Server { return &Bucket{Every: 200 * time.Millisecond, Burst: 20} }, RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1000, Kind: Undocumented},
		{Name: "d2 GCRA 5/s burst 300", Server: func() Server { return &Bucket{Every: 200 * time.Millisecond, Burst: 300} }, RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1000},
		{Name: "d3 GCRA 1/s no burst", Server: func() Server { return &Bucket{Every: sec, Burst: 1} }, RetryAfter: RetryAfterExact, Quotas: []backoff.Quota{q(60, minute)}, Users: 1000, Kind: Undocumented, NoBurst: true},
		{Name: "d4 GCRA 4/s burst 4", Server: func() Server { return &Bucket{Every: sec / 4, Burst: 4} }, RetryAfter: RetryAfterExact, Quotas: []backoff.Quota{q(240, minute)}, Users: 800, Kind: Undocumented},
		{Name: "d5 GCRA 1/s no burst, shorter job", Server: func() Server { return &Bucket{Every: sec, Burst: 1} }, RetryAfter: RetryAfterExact, Quotas: []backoff.Quota{q(60, minute)}, Users: 600, Kind: Undocumented, NoBurst: true},
		{Name: "d6 GCRA 2/s no burst", Server: func() Server { return &Bucket{Every: sec / 2, Burst: 1} }, RetryAfter: RetryAfterExact, Quotas: []backoff.Quota{q(120, minute)}, Users: 800, Kind: Undocumented, NoBurst: true},
		{Name: "e1 unknown bucket 10/s burst 20", Server: func() Server { return &Bucket{Every: sec / 10, Burst: 20} }, RetryAfter: NoRetryAfter, Users: 1000, Kind: Undocumented},
		{Name: "e2 unknown 60/min", Server: window(60, minute), RetryAfter: NoRetryAfter, Users: 300, Window: minute, Kind: UndocumentedNoHeader},
		{Name: "e3 unknown 40/50s", Server: window(40, 50*sec), RetryAfter: NoRetryAfter, Users: 240, Window: 50 * sec, Kind: UndocumentedNoHeader},
		{Name: "e4 unknown clock 100/20s", Server: func() Server { return &Window{N: 100, Per: 20 * sec, Clock: true, Phase: 7 * sec} }, RetryAfter: NoRetryAfter, Users: 900, Window: 20 * sec, Kind: UndocumentedNoHeader},
		{Name: "e5 unknown 100/min, exact", Server: window(100, minute), RetryAfter: RetryAfterExact, Users: 1000, Kind: Undocumented},
		{Name: "e6 unknown sliding 50/10s", Server: func() Server { return &Log{N: 50, Per: 10 * sec} }, RetryAfter: RetryAfterExact, Users: 1000, Kind: Undocumented},
		{Name: "e7 unknown, counting rejected", Server: func() Server { return &Log{N: 60, Per: minute, CountRejected: true} }, RetryAfter: NoRetryAfter, Users: 270, Window: minute, FutileProbe: futileProbe, Kind: UndocumentedNoHeader},
		{Name: "e8 unknown 40/45s", Server: window(40, 45*sec), RetryAfter: NoRetryAfter, Users: 240, Window: 45 * sec, Kind: UndocumentedNoHeader},
		{Name: "e9 as e7, five whole windows", Server: func() Server { return &Log{N: 60, Per: minute, CountRejected: true} }, RetryAfter: NoRetryAfter, Users: 300, Window: minute, FutileProbe: futileProbe, Kind: UndocumentedNoHeader},
		{Name: "f1 300/min, halved", Server: func() Server { return &Window{N: 300, Per: minute, Change: 150, At: 90 * sec} }, RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1000, Kind: Undocumented},
		{Name: "f2 halved, always 60", Server: func() Server { return &Window{N: 300, Per: minute, Change: 150, At: 90 * sec} }, RetryAfter: RetryAfterFixed(minute), Quotas: doc300, Users: 1000, Kind: Undocumented},
		{Name: "f3 150/min, then documented 300", Server: func() Server { return &Window{N: 150, Per: minute, Change: 300, At: 150 * sec} }, RetryAfter: RetryAfterExact, Quotas: doc300, Users: 1500, Kind: Undocumented},
		{Name: "g1 four on 1/s+30/min", Server: laravel(1, 30), RetryAfter: RetryAfterExact, Quotas: doc30, Users: 120, Processes: 4, Kind: SharedKey},
		{Name: "g2 four on 300/min", Server: window(300, minute), RetryAfter: RetryAfterFixed(minute), Quotas: doc300, Users: 1200, Processes: 4, Kind: SharedKey},
		{Name: "g3 four on 1/s+30/min, shares", Server: laravel(1, 30), RetryAfter: RetryAfterExact, Quotas: doc30, Users: 120, Processes: 4, Share: true, Kind: SharedKey},
		{Name: "g4 four on 300/min, shares", Server: window(300, minute), RetryAfter: RetryAfterFixed(minute), Quotas: doc300, Users: 1200, Processes: 4, Share: true, Kind: SharedKey},
	}
}
