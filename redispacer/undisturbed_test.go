package redispacer

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/backoff"
)

var (
	// writes are identifAI's quotas for writes, ten times as fast.
	writes = []backoff.Quota{{N: 1, Per: 100 * time.Millisecond}, {N: 30, Per: 6 * time.Second}}
	// organisation is Partoo's quota, twelve times as fast.
	organisation = []backoff.Quota{{N: 300, Per: 5 * time.Second}}
)

// outcome is what one run took.
type outcome struct {
	ratio    float64 // time over the best possible
	rejected int
	fairness float64
	counts   []int
}

// measure runs a job of n requests in several processes.
func measure(t *testing.T, pacer string, processes, n int, quotas []backoff.Quota) outcome {
	t.Helper()
	server := startRedis(t)
	a := startAPI(t, n, quotas)
	workers := startWorkers(t, processes, workerConfig{API: a.URL, Redis: []string{server.Addr}, Pacer: pacer, Goroutines: 8, Quotas: quotas, Patient: true})
	waitFor(t, workers)
	_, rejected := a.state()
	counts := a.users()
	return outcome{a.took().Seconds() / best(n, quotas).Seconds(), rejected, fairness(counts), counts}
}

func TestProcessesShareQuota(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes more than ten seconds")
	}
	t.Parallel()
	for _, c := range []struct {
		name      string
		processes int
		n         int
		quotas    []backoff.Quota
	}{
		{"identifAI writes, 2 processes", 2, 50, writes},
		{"identifAI writes, 4 processes", 4, 80, writes},
		{"Partoo, 4 processes", 4, 901, organisation},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			single := make(chan outcome, 1)
			go func() { single <- measure(t, uncoordinated, 1, c.n, c.quotas) }()
			got := measure(t, withRedis, c.processes, c.n, c.quotas)
			one := <-single
			t.Logf("time %.3f (one process %.3f), %d rejected, users %v, fairness %.3f", got.ratio, one.ratio, got.rejected, got.counts, got.fairness)
			assert.Zero(t, got.rejected)
			assert.GreaterOrEqual(t, got.fairness, 0.95)
			// The exact bars are those of TestSoakProcessesShareQuota: here other tests
			// use the machine at the same time.
			assert.Less(t, got.ratio, 1.10*one.ratio)
		})
	}
}

// TestSoakProcessesShareQuota measures undisturbed runs, medians of three.
func TestSoakProcessesShareQuota(t *testing.T) {
	if os.Getenv("USERSYNC_SOAK") != "1" {
		t.Skip("set USERSYNC_SOAK=1 to run it (make soak)")
	}
	for _, quotas := range [][]backoff.Quota{writes, organisation} {
		n := map[int]int{2: 61, 4: 91, 8: 181, 16: 331}
		if len(quotas) == 1 {
			n = map[int]int{2: 901, 4: 901, 8: 901, 16: 901}
		}
		for _, processes := range []int{2, 4, 8, 16} {
			one := median(t, uncoordinated, 1, n[processes], quotas)
			got := median(t, withRedis, processes, n[processes], quotas)
			t.Logf("%v, %d processes: time %.3f (one process %.3f), %d rejected, fairness %.3f", quotas, processes, got.ratio, one.ratio, got.rejected, got.fairness)
			assert.Zero(t, got.rejected)
			assert.GreaterOrEqual(t, got.fairness, 0.95)
			if processes < 16 { // the scheduler dominates with 16 processes on two cores
				assert.LessOrEqual(t, got.ratio/one.ratio, 1.01)
				assert.LessOrEqual(t, got.ratio, 1.02)
			}
		}
	}
}

// TestSoakRealScale measures identifAI's write quotas as they are, once.
func TestSoakRealScale(t *testing.T) {
	if os.Getenv("USERSYNC_SOAK") != "1" {
		t.Skip("set USERSYNC_SOAK=1 to run it (make soak)")
	}
	t.Parallel()
	quotas := []backoff.Quota{{N: 1, Per: time.Second}, {N: 30, Per: time.Minute}}
	got := measure(t, withRedis, 4, 100, quotas)
	t.Logf("time %.3f, %d rejected, users %v", got.ratio, got.rejected, got.counts)
	assert.Zero(t, got.rejected)
	assert.LessOrEqual(t, got.ratio, 1.02)
	assert.GreaterOrEqual(t, got.fairness, 0.95)
}

// median returns the run with the median time of three.
func median(t *testing.T, pacer string, processes, n int, quotas []backoff.Quota) outcome {
	t.Helper()
	runs := []outcome{measure(t, pacer, processes, n, quotas), measure(t, pacer, processes, n, quotas), measure(t, pacer, processes, n, quotas)}
	slices.SortFunc(runs, func(a, b outcome) int { return int(1e6 * (a.ratio - b.ratio)) })
	worst := runs[1]
	for _, r := range runs {
		worst.rejected = max(worst.rejected, r.rejected)
		worst.fairness = min(worst.fairness, r.fairness)
	}
	return worst
}

// TestSoakOtherSolutions prints the table of docs/rate-limits.md.
func TestSoakOtherSolutions(t *testing.T) {
	if os.Getenv("USERSYNC_SOAK") != "1" {
		t.Skip("set USERSYNC_SOAK=1 to run it (make soak)")
	}
	for _, pacer := range []string{withRedis, withRedisRate, uncoordinated, withShare} {
		r := median(t, pacer, 4, 121, writes)
		t.Logf("| %s | %.3f | %.3f | %v |", pacer, r.ratio, float64(r.rejected)/121, r.counts)
	}
}
