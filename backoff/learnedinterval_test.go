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

// evenServer takes burst requests at once, and one more each every, over ways
// that differ by a tenth of a round trip; one request in held is held up.
type evenServer struct {
	every       time.Duration
	burst, held int
	trip        time.Duration

	mu      *sync.Mutex
	random  *rand.Rand
	begin   time.Time
	tat     time.Duration
	sent    int
	refused int
}

func (s *evenServer) call(t *testing.T, p backoff.Pacer) {
	turn := p.Ticket("POST")
	for status := 429; status == 429; {
		if !assert.NoError(t, turn.Wait(t.Context(), 0)) {
			return
		}
		s.mu.Lock()
		there := s.trip*4/10 + time.Duration(s.random.Int64N(int64(s.trip)/5))
		back := s.trip*4/10 + time.Duration(s.random.Int64N(int64(s.trip)/5))
		if s.sent++; s.held > 0 && s.sent%s.held == 0 {
			there += 3 * s.trip
		}
		s.mu.Unlock()
		time.Sleep(there)
		var wish time.Duration
		s.mu.Lock()
		now := time.Since(s.begin)
		if free := s.tat - time.Duration(s.burst-1)*s.every; free > now {
			s.refused++
			wish = (free - now + time.Second - 1).Truncate(time.Second)
		} else {
			s.tat, status = max(s.tat, now)+s.every, 200
		}
		s.mu.Unlock()
		time.Sleep(back)
		turn.Done(status, wish)
	}
}

// A server that spreads its documented quota evenly refuses the first burst. What
// that costs must not depend on the length of the job.
func TestPacerLearnsEvenlySpacedQuota(t *testing.T) {
	for _, c := range []struct {
		name    string
		server  evenServer
		doc     backoff.Quota
		most    float64 // makespan over that of a server without jitter
		refused int
	}{
		{"no burst", evenServer{every: time.Second, burst: 1, trip: 100 * time.Millisecond}, backoff.Quota{N: 60, Per: time.Minute}, 1.06, 11},
		{"no burst, long ways", evenServer{every: time.Second, burst: 1, trip: 400 * time.Millisecond}, backoff.Quota{N: 60, Per: time.Minute}, 1.12, 11},
		{"no burst, held up", evenServer{every: time.Second / 2, burst: 1, held: 50, trip: 100 * time.Millisecond}, backoff.Quota{N: 120, Per: time.Minute}, 1.12, 11},
		{"a burst, long ways", evenServer{every: time.Second / 4, burst: 4, trip: 400 * time.Millisecond}, backoff.Quota{N: 240, Per: time.Minute}, 1.05, 9},
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
					ratio := float64(time.Since(s.begin)) / float64(320*s.every)
					t.Logf("seed %d: %.3f, %d refused", seed, ratio, s.refused)
					assert.Less(t, ratio, c.most)
					assert.LessOrEqual(t, s.refused, c.refused)
					assert.Positive(t, p.Stats()[0].LearnedInterval)
				})
			}
		})
	}
}

// troubled refuses one request in share, however slowly they come, until well.
type troubled struct {
	share int
	well  time.Duration
	begin time.Time

	mu     sync.Mutex
	random *rand.Rand
}

func (s *troubled) answer() (int, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.begin) < s.well && s.random.IntN(s.share) == 0 {
		return 429, 0
	}
	return 200, 0
}

// Refusals that have nothing to do with the pace must not make it slower and
// slower: callers who come now and then hardly wait, and soon not at all once
// the server is well.
func TestPacerDoesNotSlowDownOnRandom429s(t *testing.T) {
	const sick, total, recovery = 30 * time.Minute, 60 * time.Minute, 20 * time.Minute
	var waits []time.Duration
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			begin, random := time.Now(), rand.New(rand.NewPCG(seed, 6))
			s := &troubled{share: 50, well: sick, begin: begin, random: rand.New(rand.NewPCG(seed, 7))}
			p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(seed, 8)})
			var mu sync.Mutex
			var wg sync.WaitGroup
			for came := time.Since(begin); came < total; came = time.Since(begin) {
				wg.Go(func() {
					assert.NoError(t, call(t.Context(), p, s.answer))
					waited := time.Since(begin) - came
					if came > sick+recovery {
						assert.Less(t, waited, 5*time.Second, "seed %d: the server has been well for %v", seed, recovery)
					}
					mu.Lock()
					defer mu.Unlock()
					if came < sick {
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
		{"300 a minute, 2 %", quotas(backoff.Quota{N: 300, Per: time.Minute}), 50, 1000, 2200},
		{"300 a minute, 20 %", quotas(backoff.Quota{N: 300, Per: time.Minute}), 5, 30, 600},
		{"undocumented, 2 %", backoff.PacerConfig{}, 50, 30, 4000},
		{"undocumented, 20 %", backoff.PacerConfig{}, 5, 2, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			const bin, bins, seeds = 10 * time.Minute, 6, 8
			var stored [seeds * bins]int
			for seed := range uint64(seeds) {
				synctest.Test(t, func(t *testing.T) {
					s := &troubled{share: c.share, well: bins * bin, begin: time.Now(), random: rand.New(rand.NewPCG(seed, 7))}
					config := c.config
					config.Rand = rand.NewPCG(seed, 8)
					p := newPacer(t, config)
					var mu sync.Mutex
					var wg sync.WaitGroup
					for range 16 {
						wg.Go(func() {
							for {
								assert.NoError(t, call(t.Context(), p, s.answer))
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

// A single caller with work of its own between requests is idle half the time, and
// yet it is the server that sets the pace.
func TestPacerLearnsIntervalFromPartlyIdleCaller(t *testing.T) {
	for _, work := range []time.Duration{50 * time.Millisecond, 400 * time.Millisecond, 700 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			s := evenServer{every: time.Second, burst: 1, trip: trip, mu: new(sync.Mutex), begin: time.Now(), random: rand.New(rand.NewPCG(1, 3))}
			p := newPacer(t, backoff.PacerConfig{Rand: rand.NewPCG(1, 4)})
			for range 300 {
				s.call(t, p)
				time.Sleep(work)
			}
			ratio := float64(time.Since(s.begin)) / float64(300*s.every)
			t.Logf("%v: %.3f, %d refused", work, ratio, s.refused)
			assert.Less(t, ratio, 1.25)
			assert.LessOrEqual(t, s.refused, 12)
		})
	}
}
