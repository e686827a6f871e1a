package backoff_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/backoff"
)

// evenServer accepts burst requests at once, and one more each interval. The latencies of the
// requests differ by a tenth of a round trip. One request in delayed is late by three.
type evenServer struct {
	interval       time.Duration
	burst, delayed int
	rtt            time.Duration

	mu       *sync.Mutex
	random   *rand.Rand
	begin    time.Time
	tat      time.Duration
	sent     int
	rejected int
}

func (s *evenServer) call(t *testing.T, p backoff.Pacer) {
	ticket := p.Ticket("POST")
	for status := 429; status == 429; {
		if !assert.NoError(t, ticket.Wait(t.Context(), 0)) {
			return
		}
		s.mu.Lock()
		there := s.rtt*4/10 + time.Duration(s.random.Int64N(int64(s.rtt)/5))
		back := s.rtt*4/10 + time.Duration(s.random.Int64N(int64(s.rtt)/5))
		if s.sent++; s.delayed > 0 && s.sent%s.delayed == 0 {
			there += 3 * s.rtt
		}
		s.mu.Unlock()
		time.Sleep(there)
		var retryAfter time.Duration
		s.mu.Lock()
		now := time.Since(s.begin)
		if free := s.tat - time.Duration(s.burst-1)*s.interval; free > now {
			s.rejected++
			retryAfter = (free - now + time.Second - 1).Truncate(time.Second)
		} else {
			s.tat, status = max(s.tat, now)+s.interval, 200
		}
		s.mu.Unlock()
		time.Sleep(back)
		ticket.Done(status, retryAfter)
	}
}

// A server that spreads its documented quota evenly rejects the first burst. The number of 429s
// must not grow with the length of the job.
func TestPacerLearnsEvenlySpacedQuota(t *testing.T) {
	for _, c := range []struct {
		name     string
		server   evenServer
		doc      backoff.Quota
		ratio    float64 // maximum makespan over that without jitter
		rejected int
	}{
		{"no burst", evenServer{interval: time.Second, burst: 1, rtt: 100 * time.Millisecond}, backoff.Quota{N: 60, Per: time.Minute}, 1.08, 14},
		{"no burst, long latency", evenServer{interval: time.Second, burst: 1, rtt: 400 * time.Millisecond}, backoff.Quota{N: 60, Per: time.Minute}, 1.20, 40},
		{"no burst, delayed requests", evenServer{interval: time.Second / 2, burst: 1, delayed: 50, rtt: 100 * time.Millisecond}, backoff.Quota{N: 120, Per: time.Minute}, 1.16, 40},
		{"a burst, long latency", evenServer{interval: time.Second / 4, burst: 4, rtt: 400 * time.Millisecond}, backoff.Quota{N: 240, Per: time.Minute}, 1.08, 14},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(5) {
				synctest.Test(t, func(t *testing.T) {
					s := c.server
					s.mu, s.begin, s.random = new(sync.Mutex), time.Now(), rand.New(rand.NewPCG(seed, 3))
					config := quotas(c.doc)
					config.Rand = rand.NewPCG(seed, 4)
					p := newPacer(t, config)
					var wg sync.WaitGroup
					for range 16 {
						wg.Go(func() {
							for range 20 {
								s.call(t, p)
							}
						})
					}
					wg.Wait()
					ratio := float64(time.Since(s.begin)) / float64(320*s.interval)
					t.Logf("seed %d: %.3f, %d rejected", seed, ratio, s.rejected)
					assert.Less(t, ratio, c.ratio)
					assert.LessOrEqual(t, s.rejected, c.rejected)
					assert.Positive(t, p.Stats()[0].LearnedInterval)
				})
			}
		})
	}
}

// flaky rejects one request in share by chance, at any rate, until well.
type flaky struct {
	share int
	well  time.Duration
	begin time.Time

	mu     sync.Mutex
	random *rand.Rand
}

func (s *flaky) respond() (int, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.begin) < s.well && s.random.IntN(s.share) == 0 {
		return 429, 0
	}
	return 200, 0
}

// 429s that are independent of the request rate must not slow the pacer down for long: callers that
// send now and then hardly wait, and soon not at all when the server is well again.
func TestPacerDoesNotSlowDownOnRandom429s(t *testing.T) {
	const failing, total, recovery = 30 * time.Minute, 60 * time.Minute, 20 * time.Minute
	var waits []time.Duration
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			begin, random := time.Now(), rand.New(rand.NewPCG(seed, 6))
			s := &flaky{share: 50, well: failing, begin: begin, random: rand.New(rand.NewPCG(seed, 7))}
			p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(seed, 8)})
			var mu sync.Mutex
			var wg sync.WaitGroup
			for arrival := time.Since(begin); arrival < total; arrival = time.Since(begin) {
				wg.Go(func() {
					assert.NoError(t, call(t.Context(), p, s.respond))
					waited := time.Since(begin) - arrival
					if arrival > failing+recovery {
						assert.Less(t, waited, 5*time.Second, "seed %d: the server has been well for %v", seed, recovery)
					}
					mu.Lock()
					defer mu.Unlock()
					if arrival < failing {
						waits = append(waits, waited)
					}
				})
				time.Sleep(time.Duration(random.ExpFloat64() * float64(time.Second)))
			}
			wg.Wait()
		})
	}
	slices.Sort(waits)
	nine, most := waits[len(waits)*9/10], waits[len(waits)-1]
	t.Logf("nine of ten within %v, all within %v", nine, most)
	assert.Less(t, nine, time.Second)
	assert.Less(t, most, 30*time.Second)
}

func TestPacerKeepsThroughputOnRandom429s(t *testing.T) {
	for _, c := range []struct {
		name          string
		config        backoff.PacerConfig
		share         int
		least, middle int // in ten minutes
	}{
		{"300 a minute, 2 %", quotas(backoff.Quota{N: 300, Per: time.Minute}), 50, 1000, 2900},
		{"300 a minute, 20 %", quotas(backoff.Quota{N: 300, Per: time.Minute}), 5, 10, 600},
		{"undocumented, 2 %", backoff.PacerConfig{}, 50, 10000, 40000},
		{"undocumented, 20 %", backoff.PacerConfig{}, 5, 10, 150},
	} {
		t.Run(c.name, func(t *testing.T) {
			const bin, bins, seeds = 10 * time.Minute, 6, 8
			var stored [seeds * bins]int
			for seed := range uint64(seeds) {
				synctest.Test(t, func(t *testing.T) {
					s := &flaky{share: c.share, well: bins * bin, begin: time.Now(), random: rand.New(rand.NewPCG(seed, 7))}
					config := c.config
					config.Rand = rand.NewPCG(seed, 8)
					p := newPacer(t, config)
					var mu sync.Mutex
					var wg sync.WaitGroup
					for range 16 {
						wg.Go(func() {
							for {
								assert.NoError(t, call(t.Context(), p, s.respond))
								i := int(time.Since(s.begin) / bin)
								if i >= bins {
									return
								}
								mu.Lock()
								stored[int(seed)*bins+i]++
								mu.Unlock()
							}
						})
					}
					wg.Wait()
				})
			}
			slices.Sort(stored[:])
			t.Logf("between %d and %d, median %d", stored[0], stored[len(stored)-1], stored[len(stored)/2])
			assert.Greater(t, stored[0], c.least)
			assert.Greater(t, stored[len(stored)/2], c.middle)
		})
	}
}

// A single caller with other work between requests is idle half the time, but the server limits it.
func TestPacerLearnsIntervalFromPartlyIdleCaller(t *testing.T) {
	for _, work := range []time.Duration{50 * time.Millisecond, 400 * time.Millisecond, 700 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			s := evenServer{interval: time.Second, burst: 1, rtt: rtt, mu: new(sync.Mutex), begin: time.Now(), random: rand.New(rand.NewPCG(1, 3))}
			p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(1, 4)})
			for range 300 {
				s.call(t, p)
				time.Sleep(work)
			}
			ratio := float64(time.Since(s.begin)) / float64(300*s.interval)
			t.Logf("%v: %.3f, %d rejected", work, ratio, s.rejected)
			assert.Less(t, ratio, 1.25)
			assert.LessOrEqual(t, s.rejected, 12)
		})
	}
}
