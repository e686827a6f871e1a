package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// rejectedShare returns the share of requests that a server without bursts rejects if they
// are sent at equal intervals.
func rejectedShare(every, rtt, interval time.Duration) float64 {
	const requests = 5000
	n := NewNetwork(&Bucket{Every: every, Burst: 1}, RetryAfterExact, rtt, 1)
	var arrivals []time.Duration
	for i := range requests {
		there, _ := n.latency()
		arrivals = append(arrivals, time.Duration(i)*interval+there)
	}
	slices.Sort(arrivals)
	rejected := 0
	for _, at := range arrivals {
		if !n.Server.Allow(at) {
			rejected++
		}
	}
	return float64(rejected) / requests
}

// The best client at a server without bursts allows for the jitter of a way and no more: with
// half of it, more requests are rejected than any bar allows.
func TestBestWithoutBursts(t *testing.T) {
	const every, rtt = time.Second / 2, 400 * time.Millisecond
	assert.Less(t, rejectedShare(every, rtt, every+rtt/5), 0.02)
	assert.Greater(t, rejectedShare(every, rtt, every+rtt/10), 0.03)
	for _, s := range Scenarios() {
		if s.NoBurst {
			best := Best(s, Setting{RTT: rtt}, s.Users, 16)
			interval := s.Quotas[0].Per/time.Duration(s.Quotas[0].N) + rtt/5
			assert.InDelta(t, (time.Duration(s.Users) * interval).Seconds(), best.Seconds(), 2, s.Name)
		}
	}
}

// A client that does not know a limit learns it from a 429.
func TestBestWhereNothingIsDocumented(t *testing.T) {
	server := &Log{N: 2, Per: time.Minute, CountRejected: true}
	s := Scenario{Server: func() Server { return server }}
	best := Best(s, Setting{RTT: time.Second}, 4, 4)
	assert.Len(t, server.hits, 5)
	assert.Greater(t, best, time.Minute)
}

// A probe that is too early delays the job at a server that counts rejected requests, in any
// minute.
func TestBestWhereTheWindowIsUnknown(t *testing.T) {
	const users, limit, waits = 300, 60, 4
	for wait := range time.Duration(waits) {
		for x := futileProbe; x < minute; x += sec {
			server := &Log{N: limit, Per: minute, CountRejected: true}
			ask, now := wait*minute+x, time.Duration(0)
			for stored := 0; stored < users; {
				if now = server.NextFree(now); now > ask && ask > 0 {
					assert.False(t, server.Allow(ask))
					now, ask = ask, 0
					continue
				}
				assert.True(t, server.Allow(now))
				stored++
			}
			assert.GreaterOrEqual(t, now, waits*minute+futileProbe, "probe %v into minute %d", x, wait+1)
		}
	}
	e9 := Scenarios()[slices.IndexFunc(Scenarios(), func(s Scenario) bool { return s.Name[:2] == "e9" })]
	assert.InDelta(t, (waits*minute + futileProbe).Seconds(), Best(e9, Setting{RTT: sec / 10}, users, limit).Seconds(), 7, "the first users take a few seconds")
}
