package bench

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/bench/client"
	"github.com/usersync/usersync/bench/sim"
)

// The pacer was tuned on the random servers 1 to 1,000.
var (
	servers     = flag.Int("servers", 60, "number of random servers")
	firstServer = flag.Uint64("firstserver", 100_001, "seed of the first random server")
	worst       = flag.Int("worst", 20, "number of the worst random servers to print")
)

// insideShare is the minimum share of random servers inside the bars of their kind. The 60 servers
// of CI are always the same: their share is the same too.
const insideShare = 0.85

type randomResult struct {
	sim.Scenario
	outcome
	excess float64 // ratio or 429s over their bar, the larger one
}

func TestRandomServers(t *testing.T) { checkRandomServers(t, *servers) }

// TestSoakRandomServers is the long form of TestRandomServers.
func TestSoakRandomServers(t *testing.T) {
	if os.Getenv("USERSYNC_SOAK") == "" {
		t.Skip("USERSYNC_SOAK is not set")
	}
	checkRandomServers(t, 3000)
}

// checkRandomServers checks the pacer on servers, jobs and networks that are drawn at random.
// Ten 429s of a job do not count. At one of 1,000 servers, a simple client may be faster.
func checkRandomServers(t *testing.T, count int) {
	var results []randomResult
	inside := map[string][2]int{}
	var worse []string
	for i := range count {
		s, set := sim.RandomServer(*firstServer + uint64(i))
		if !strings.Contains(s.Name, *only) {
			continue
		}
		o := run(t, s, set, client.Usersync)
		ratio, waste := sim.Bars(s, set)
		counted := max(0, o.waste-10/float64(s.Users))
		r := randomResult{s, o, max(o.ratio/ratio, 1+counted-waste)}
		results = append(results, r)
		n := inside[s.Kind.String()]
		n[1]++
		if r.excess <= 1 {
			n[0]++
		}
		inside[s.Kind.String()] = n
		if o.failed > 0 {
			worse = append(worse, s.Name+": failed users")
		}
		assert.LessOrEqual(t, o.overtaken, backoff.DefaultMaxInFlight, "%s: overtaken", s.Name)
		if counted > 0.1 {
			if faster := fasterClient(t, s, set, o); faster != "" {
				worse = append(worse, faster)
			}
		}
	}
	slices.SortFunc(results, func(a, b randomResult) int { return cmp.Compare(b.excess, a.excess) })
	total := 0
	for i, r := range results {
		if r.excess <= 1 {
			total++
		}
		if i < *worst && r.excess > 1 {
			t.Logf("%.2f, 429s %.2f: %s", r.ratio, r.waste, r.Name)
		}
	}
	for kind, n := range inside {
		t.Logf("%s: %d of %d inside the bars", kind, n[0], n[1])
	}
	t.Logf("%d of %d inside the bars", total, len(results))
	assert.GreaterOrEqual(t, float64(total), insideShare*float64(len(results)))
	assert.LessOrEqual(t, len(worse), count/1000, "users failed, or a simple client was faster: %s", strings.Join(worse, "\n"))
}

// faults are random servers that showed a fault of an earlier pacer.
var faults = map[uint64]string{
	248:  "Retry-After: 10 always: the limit was learned as a window",
	530:  "random 429s: a wrong bound was never dropped",
	2811: "random 429s: a wrong bound was never dropped",
	3697: "random 429s: a wrong bound was never dropped",
	6866: "random 429s: a wrong bound was never dropped",
	7913: "random 429s: a wrong bound was never dropped",
	3990: "bucket without burst: a faster rate was tried too often",
	4008: "bucket without burst: a faster rate was tried too often",
}

func TestRandomServersWithFaults(t *testing.T) {
	for seed, fault := range faults {
		s, set := sim.RandomServer(seed)
		o := run(t, s, set, client.Usersync)
		t.Logf("%d: %s: %.2f, 429s %.2f", seed, s.Name, o.ratio, o.waste)
		assert.Zero(t, o.failed, "%d: %s", seed, fault)
		if o.waste-10/float64(s.Users) > 0.1 {
			assert.Empty(t, fasterClient(t, s, set, o), fault)
		}
	}
}

// fasterClient names a simple client that is 10 % faster, if there is one. Call it for a job in
// which the pacer got more than 0.1 429s per user, except ten.
func fasterClient(t *testing.T, s sim.Scenario, set sim.Setting, own outcome) string {
	for _, name := range []string{"x/time/rate burst N + Retry-After", "go-retryablehttp, unlimited"} {
		o := run(t, s, set, client.ByName(name).Build)
		if o.failed == 0 && o.ratio < 0.9*own.ratio {
			return fmt.Sprintf("%s: %s %.2f, usersync %.2f with %.2f 429s per user", s.Name, name, o.ratio, own.ratio, own.waste)
		}
	}
	return ""
}
