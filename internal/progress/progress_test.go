package progress

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/usersync/usersync/backoff"
)

// counter counts users that a test sends.
type counter struct {
	created, failed atomic.Int64
	pacer           *backoff.QuotaPacer
}

func (c *counter) source(t *testing.T, total int, quotas ...backoff.QuotaSet) Source {
	t.Helper()
	var err error
	c.pacer, err = backoff.NewPacer(backoff.PacerConfig{Quotas: quotas})
	require.NoError(t, err)
	return Source{
		Name: "partoo", Total: total, Accept: t.Context(), Stats: c.pacer.Stats,
		Counts: func() Counts {
			created, failed := c.created.Load(), c.failed.Load()
			return Counts{
				Done:  int(created + failed),
				Text:  fmt.Sprintf("%d created, 0 updated, 0 unchanged, %d failed", created, failed),
				Short: fmt.Sprintf("%d failed, %d done", failed, created),
			}
		},
	}
}

// Text that is written while bars are shown appears above them, complete and in order.
func TestBars(t *testing.T) {
	var out bytes.Buffer
	users := &counter{}
	s := &Screen{w: &out}
	draw := make(chan any)
	stop := showBars(newMeters([]Source{users.source(t, 4)}), s, mpb.WithManualRefresh(draw), mpb.WithWidth(80))
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		users.created.Add(1)
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

// The lines below a bar fit the terminal, since a second line would displace the bars.
// Failures and waits are visible at any width.
func TestDetailsFitTheTerminal(t *testing.T) {
	users := &counter{}
	users.failed.Store(1)
	users.created.Store(1000)
	m := newMeters([]Source{users.source(t, 2000)})[0]
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

// A bar of a run with a quota fits terminals of all widths.
func TestBarsFitTheTerminal(t *testing.T) {
	for _, width := range []int{40, 50, 60, 80, 120} {
		synctest.Test(t, func(t *testing.T) {
			m, send := withQuotas(t, 2000, backoff.Quota{N: 30, Per: time.Minute})
			send(30)
			var waiting sync.WaitGroup
			waiting.Go(func() { send(1) })
			defer waiting.Wait()
			synctest.Wait()
			var out bytes.Buffer
			draw := make(chan any)
			s := &Screen{w: &out}
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

// withQuotas returns the meter of a run, and a function that sends users as fast as the
// quotas allow, each in a tenth of a second.
func withQuotas(t *testing.T, users int, quotas ...backoff.Quota) (*meter, func(int)) {
	t.Helper()
	c := &counter{}
	source := c.source(t, users, backoff.QuotaSet{Quotas: quotas})
	m := newMeters([]Source{source})[0]
	return m, func(n int) {
		for range n {
			ticket := c.pacer.Ticket(http.MethodPost)
			require.NoError(t, ticket.Wait(t.Context(), 0))
			time.Sleep(100 * time.Millisecond)
			ticket.Done(http.StatusOK, 0)
			c.created.Add(1)
		}
	}
}

// The estimate is correct within a tenth from the first users on, and does not rise while
// the run waits.
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
				m, send := withQuotas(t, users, quotas...)
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

// The estimate contains the wait that the server asks for and the time for the rest.
func TestTimeLeftDuringRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		m := newMeters([]Source{c.source(t, 200, backoff.QuotaSet{Quotas: []backoff.Quota{{N: 10, Per: time.Minute}}})})[0]
		for range 20 {
			ticket := c.pacer.Ticket(http.MethodPost)
			require.NoError(t, ticket.Wait(t.Context(), 0))
			ticket.Done(http.StatusOK, 0)
			c.created.Add(1)
			m.takeSample(time.Now())
		}
		ticket := c.pacer.Ticket(http.MethodPost)
		require.NoError(t, ticket.Wait(t.Context(), 0))
		ticket.Done(http.StatusTooManyRequests, 50*time.Minute)
		var waiting sync.WaitGroup
		waiting.Go(func() { _ = c.pacer.Ticket(http.MethodPost).Wait(t.Context(), 0) })
		synctest.Wait()
		assert.InDelta(t, (50*time.Minute + 18*time.Minute).Seconds(), m.timeLeft(time.Now()).Seconds(), 90)
		waiting.Wait()
	})
}

func TestWaitingNamesAnotherDay(t *testing.T) {
	at := time.Date(2026, 11, 27, 4, 0, 0, 0, time.Local)
	m := &meter{Source: Source{Stats: func() []backoff.Stats { return []backoff.Stats{{NextAt: at}} }}}
	assert.Equal(t, "waiting until 04:00:00", m.waiting(at.Add(-time.Hour)))
	assert.Equal(t, "waiting until 2026-11-27 04:00:00", m.waiting(at.Add(-24*time.Hour)))
	assert.Empty(t, m.waiting(at))
}

// After an interrupt the rest is not sent, so there is no estimate.
func TestNoTimeLeftOnceInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, send := withQuotas(t, 100, backoff.Quota{N: 30, Per: time.Minute})
		send(31)
		assert.NotEmpty(t, m.remaining(time.Now()))
		accept, stop := context.WithCancel(t.Context())
		m.Accept = accept
		stop()
		assert.Empty(t, m.remaining(time.Now()))
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		m := newMeters([]Source{c.source(t, 100,
			backoff.QuotaSet{Methods: []string{http.MethodGet}, Quotas: []backoff.Quota{{N: 60, Per: time.Minute}}},
			backoff.QuotaSet{Quotas: []backoff.Quota{{N: 2, Per: time.Second}, {N: 1000, Per: time.Hour}}},
		)})[0]
		assert.Equal(t, "0 of 60 reads in the last minute", m.rate(time.Now()))
		for range 100 {
			ticket := c.pacer.Ticket(http.MethodPost)
			require.NoError(t, ticket.Wait(t.Context(), 0))
			ticket.Done(http.StatusOK, 0)
			time.Sleep(time.Minute)
			m.takeSample(time.Now())
		}
		assert.Equal(t, "60 of 1000 requests in the last hour", m.rate(time.Now()))
		assert.LessOrEqual(t, len(m.samples), 61)
	})
	assert.Equal(t, "1h30m 24h 1m30s second 500ms", strings.Join([]string{periodText(90 * time.Minute), periodText(24 * time.Hour), periodText(90 * time.Second), periodText(time.Second), periodText(time.Second / 2)}, " "))
}

func TestNoTerminal(t *testing.T) {
	assert.False(t, isTerminal(&bytes.Buffer{}))
	file, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, isTerminal(file))
}
