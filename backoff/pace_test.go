package backoff_test

import (
	"math/rand/v2"
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
	turn := p.Turn("POST")
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
func TestPacerLearnsThatAQuotaIsSpread(t *testing.T) {
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
					assert.Positive(t, p.Stats()[0].Pace)
				})
			}
		})
	}
}
