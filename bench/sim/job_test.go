package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// refusedAtPace is the share of requests that are refused by a server which wants them
// apart, when they leave evenly.
func refusedAtPace(every, trip, pace time.Duration) float64 {
	const requests = 5000
	n := NewNetwork(&Bucket{Every: every, Burst: 1}, RetryAfterExact, trip, 1)
	var arrivals []time.Duration
	for i := range requests {
		there, _ := n.ways()
		arrivals = append(arrivals, time.Duration(i)*pace+there)
	}
	slices.Sort(arrivals)
	refused := 0
	for _, at := range arrivals {
		if !n.Server.Allow(at) {
			refused++
		}
	}
	return float64(refused) / requests
}

// The best there is at a strict server leaves room for the jitter of a way, and none
// beyond: with half of it, more are refused than any bar allows.
func TestBestAtAStrictServer(t *testing.T) {
	const every, trip = time.Second / 2, 400 * time.Millisecond
	assert.Less(t, refusedAtPace(every, trip, every+trip/5), 0.02)
	assert.Greater(t, refusedAtPace(every, trip, every+trip/10), 0.03)
	for _, s := range Scenarios() {
		if s.NoBurst {
			best := Best(s, Setting{RTT: trip}, s.Users, 16)
			pace := s.Quotas[0].Per/time.Duration(s.Quotas[0].N) + trip/5
			assert.InDelta(t, (time.Duration(s.Users) * pace).Seconds(), best.Seconds(), 2, s.Name)
		}
	}
}

// Whoever does not know a limit learns it from a refusal.
func TestBestWhereNothingIsDocumented(t *testing.T) {
	server := &Log{N: 2, Per: time.Minute, CountRejected: true}
	s := Scenario{Server: func() Server { return server }}
	best := Best(s, Setting{RTT: time.Second}, 4, 4)
	assert.Len(t, server.hits, 5)
	assert.Greater(t, best, time.Minute)
}

// Whoever asks a server too early that counts refusals is done the later, in
// whichever minute it asks.
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
			assert.GreaterOrEqual(t, now, waits*minute+futileProbe, "asked %v into minute %d", x, wait+1)
		}
	}
	e9 := Scenarios()[slices.IndexFunc(Scenarios(), func(s Scenario) bool { return s.Name[:2] == "e9" })]
	assert.InDelta(t, (waits*minute + futileProbe).Seconds(), Best(e9, Setting{RTT: sec / 10}, users, limit).Seconds(), 7, "the first users take a few seconds")
}
