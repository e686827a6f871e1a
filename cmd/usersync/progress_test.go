package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/upsert"
)

// Away from a terminal a line tells every five seconds how far each provider is.
func TestProgressLinesWithoutTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		got := newBench(t, four, "--provider", "partoo", "--quota", "1/12s").atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitOK, got.status)
		printed := strings.Split(strings.TrimSpace(got.err), "\n")
		require.Len(t, printed, 9)
		assert.Regexp(t, `^partoo     0 of 4: 0 created, 0 updated, 0 unchanged, 0 failed; 1 of 1 requests in the last 12s; waiting until \d\d:\d\d:12$`, printed[0])
		assert.Regexp(t, `^partoo     2 of 4: 2 created, 0 updated, 0 unchanged, 0 failed; 1 of 1 requests in the last 12s; waiting until \d\d:\d\d:36; about 2[23]s left$`, printed[4])
	})
}

func TestQuietShowsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		got := newBench(t, four, "--provider", "partoo", "--quota", "1/10s", "--quiet").atPartoo(server).upsert(t.Context())
		assert.Equal(t, output{exitOK, "partoo     4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0\n", ""}, got)
	})
}

// What is written while bars are shown stands above them, whole and in order, and
// nothing is lost when they go.
func TestBars(t *testing.T) {
	var out bytes.Buffer
	tally := newTally("partoo", false)
	tally.total = 4
	s := &barScreen{w: &out}
	draw := make(chan any)
	stop := showBars(newMeters([]*target{{name: "partoo", tally: tally, pacer: unlimitedPacer(t)}}, t.Context()), s, mpb.WithManualRefresh(draw), mpb.WithWidth(80))
	for i, line := range []string{"one\n", "two\n", "three\n"} {
		tally.add(result{line: i, outcome: upsert.Created}, "")
		_, err := s.Write([]byte(line))
		require.NoError(t, err)
		draw <- time.Now()
	}
	stop()
	_, err := s.Write([]byte("after\n"))
	require.NoError(t, err)
	text := out.String()
	last := 0
	for _, want := range []string{"one\n", "two\n", "three\n", "3 of 4", "3 created, 0 updated", "after\n"} {
		i := strings.LastIndex(text, want)
		assert.Greater(t, i, last-1, want)
		last = i
	}
	assert.Contains(t, text, "partoo    [============================>---------]  3 of 4\n           3 created, 0 updated, 0 unchanged, 0 failed\n")
}

func stats(width int) decor.Statistics { return decor.Statistics{AvailableWidth: width} }

// A line below a bar that went on in the next line would put the bars out of place. What
// failed and what is waited for is seen at any width.
func TestDetailsFitTheTerminal(t *testing.T) {
	tally := newTally("partoo", false)
	tally.total = 2000
	tally.add(result{err: errors.New("no")}, "")
	for range 1000 {
		tally.add(result{outcome: upsert.Created}, "")
	}
	m := newMeters([]*target{{tally: tally, pacer: unlimitedPacer(t)}}, t.Context())[0]
	for width, want := range map[int]string{
		0:  "           1000 created, 0 updated, 0 unchanged, 1 failed\n           0 requests in the last minute\n",
		57: "           1000 created, 0 updated, 0 unchanged, 1 failed\n           0 requests in the last minute\n",
		56: "1000 created, 0 updated, 0 unchanged, 1 failed\n           0 requests in the last minute\n",
		45: "1 failed, 1000 done\n           0 requests in the last minute\n",
		12: "1 failed, 10\n0 requests i\n",
	} {
		var out bytes.Buffer
		require.NoError(t, m.barDetails(&out, stats(width)))
		assert.Equal(t, want, out.String(), width)
	}
	assert.Equal(t, " 1001 of 2000", m.barSuffix(stats(40)))
}

// A bar of a run under a quota, on terminals of all widths.
func TestBarsFitTheTerminal(t *testing.T) {
	for _, width := range []int{40, 50, 60, 80, 120} {
		synctest.Test(t, func(t *testing.T) {
			m, send := paced(t, 2000, backoff.Quota{N: 30, Per: time.Minute})
			send(30)
			var waiting sync.WaitGroup
			waiting.Go(func() { send(1) })
			defer waiting.Wait()
			synctest.Wait()
			var out bytes.Buffer
			draw := make(chan any)
			s := &barScreen{w: &out}
			stop := showBars([]*meter{m}, s, mpb.WithManualRefresh(draw), mpb.WithWidth(width))
			draw <- time.Now()
			stop()
			for _, want := range []string{"30 of 2000", "1h5m", "0 failed", "waiting until "} {
				assert.Contains(t, out.String(), want, width)
			}
			for line := range strings.Lines(out.String()) {
				assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), width, line)
			}
		})
	}
}

// paced is the meter of a run under quotas, and what sends users, as fast as the quotas
// allow with a tenth of a second for each.
func paced(t *testing.T, users int, quotas ...backoff.Quota) (*meter, func(int)) {
	t.Helper()
	pacer, err := backoff.NewPacer(backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Quotas: quotas}}})
	require.NoError(t, err)
	tally := newTally("partoo", false)
	tally.total = users
	m := newMeters([]*target{{name: "partoo", tally: tally, pacer: pacer}}, t.Context())[0]
	return m, func(n int) {
		for range n {
			turn := pacer.Ticket(http.MethodPost)
			require.NoError(t, turn.Wait(t.Context(), 0))
			time.Sleep(100 * time.Millisecond)
			turn.Done(http.StatusOK, 0)
			tally.add(result{outcome: upsert.Created}, "")
		}
	}
}

// The time left is right within a tenth from the first users on, and does not climb while the run
// waits.
func TestTimeLeft(t *testing.T) {
	for name, quotas := range map[string][]backoff.Quota{
		"a minute":        {{N: 30, Per: time.Minute}},
		"an hour":         {{N: 100, Per: time.Hour}},
		"two":             {{N: 1, Per: time.Second}, {N: 30, Per: time.Minute}},
		"less than one":   {{N: 1, Per: 2 * time.Minute}},
		"not limited":     {{N: 100_000, Per: time.Minute}},
		"none documented": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const users = 400
				m, send := paced(t, users, quotas...)
				start := time.Now()
				type guess struct {
					at, left time.Duration
					waiting  bool
				}
				var guesses []guess
				stop := make(chan bool)
				ended := make(chan bool)
				go func() {
					defer close(ended)
					send(users)
					close(stop)
				}()
				ticker := time.NewTicker(time.Second)
				defer ticker.Stop()
				for running := true; running; {
					select {
					case <-stop:
						running = false
					case now := <-ticker.C:
						synctest.Wait()
						m.takeSample(now)
						if left := m.timeLeft(now); left > 0 {
							guesses = append(guesses, guess{now.Sub(start), left, m.nextRequestAt().After(now)})
						}
					}
				}
				<-ended
				whole := time.Since(start)
				require.NotEmpty(t, guesses)
				for i, g := range guesses {
					assert.InDelta(t, whole.Seconds(), (g.at + g.left).Seconds(), whole.Seconds()/10+3, "%v at %v", g.left, g.at)
					if i > 0 && g.waiting && guesses[i-1].waiting {
						assert.LessOrEqual(t, g.left, guesses[i-1].left+whole/20, "at %v", g.at)
					}
				}
			})
		})
	}
}

// After an interrupt the rest is not sent, so there is nothing to guess.
func TestNoTimeLeftOnceInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, send := paced(t, 100, backoff.Quota{N: 30, Per: time.Minute})
		send(31)
		assert.NotEmpty(t, m.remaining(time.Now()))
		ending, end := context.WithCancel(t.Context())
		m.ending = ending
		end()
		assert.Empty(t, m.remaining(time.Now()))
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, err := backoff.NewPacer(backoff.PacerConfig{Quotas: []backoff.QuotaSet{
			{Methods: []string{http.MethodGet}, Quotas: []backoff.Quota{{N: 60, Per: time.Minute}}},
			{Quotas: []backoff.Quota{{N: 2, Per: time.Second}, {N: 1000, Per: time.Hour}}},
		}})
		require.NoError(t, err)
		m := newMeters([]*target{{tally: newTally("identifai", false), pacer: pacer}}, t.Context())[0]
		assert.Equal(t, "0 of 60 reads in the last minute", m.rate(time.Now()))
		for range 100 {
			turn := pacer.Ticket(http.MethodPost)
			require.NoError(t, turn.Wait(t.Context(), 0))
			turn.Done(http.StatusOK, 0)
			time.Sleep(time.Minute)
			m.takeSample(time.Now())
		}
		assert.Equal(t, "60 of 1000 requests in the last hour", m.rate(time.Now()))
		assert.LessOrEqual(t, len(m.samples), 61)
	})
	assert.Equal(t, "12 requests in the last minute", usage{sent: 12, quota: backoff.Quota{Per: time.Minute}}.String())
	assert.Equal(t, "1 of 1 requests in the last 2m", usage{sent: 1, quota: backoff.Quota{N: 1, Per: 2 * time.Minute}}.String())
	assert.Equal(t, "1h30m 24h 1m30s second 500ms", strings.Join([]string{periodText(90 * time.Minute), periodText(24 * time.Hour), periodText(90 * time.Second), periodText(time.Second), periodText(time.Second / 2)}, " "))
}

func TestNoTerminal(t *testing.T) {
	assert.False(t, isTerminal(&bytes.Buffer{}))
	file, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, isTerminal(file))
}
