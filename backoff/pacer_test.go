package backoff_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

func TestPacerStaysWithinEveryQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 2, Per: time.Second}, backoff.Quota{N: 5, Per: time.Minute}))
		var mu sync.Mutex
		var seen []time.Time
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				assert.NoError(t, call(t.Context(), p, func() (int, time.Duration) {
					mu.Lock()
					defer mu.Unlock()
					seen = append(seen, time.Now())
					return 200, 0
				}))
			})
		}
		begin := time.Now()
		wg.Wait()
		for i := range seen {
			if i >= 2 {
				assert.GreaterOrEqual(t, seen[i].Sub(seen[i-2]), time.Second, "request %d", i)
			}
			if i >= 5 {
				assert.GreaterOrEqual(t, seen[i].Sub(seen[i-5]), time.Minute, "request %d", i)
			}
		}
		assert.Less(t, time.Since(begin), 122*time.Second)
	})
}

func TestPacerClassesDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, backoff.PacerConfig{Quotas: []backoff.QuotaSet{
			{Methods: []string{"GET", "HEAD"}, Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}},
			{Methods: []string{"POST"}, Quotas: []backoff.Quota{{N: 1, Per: time.Hour}}},
		}})
		begin := time.Now()
		for _, method := range []string{"GET", "POST", "DELETE", "DELETE"} {
			ticket := p.Ticket(method)
			require.NoError(t, ticket.Wait(t.Context(), 0))
			ticket.Done(200, 0)
		}
		assert.Zero(t, time.Since(begin))
		for _, method := range []string{"HEAD", "GET", "POST", ""} {
			err := p.Ticket(method).Wait(t.Context(), time.Minute)
			var wait *backoff.WaitError
			require.ErrorAs(t, err, &wait, method)
			assert.Equal(t, time.Hour, wait.MinWait.Round(time.Second))
		}
	})
}

func TestPacerCountsLostResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t, quotas(backoff.Quota{N: 1, Per: time.Second}))
		a := p.Ticket("POST")
		require.NoError(t, a.Wait(t.Context(), 0))
		b := p.Ticket("POST")
		begin := time.Now()
		require.NoError(t, b.Wait(t.Context(), 0), "a request without an respond does not stop the others for ever")
		assert.InDelta(t, 3, time.Since(begin).Seconds(), 0.01, "2 s until it surely arrived, and its second")
		a.Done(0, 0)
		a.Done(0, 0) // once too often
		b.Done(0, 0)
		assert.Zero(t, p.Stats()[0].InFlight)
	})
}

func TestPacerStatsAndEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []backoff.Event
		config := quotas(backoff.Quota{N: 1, Per: time.Minute})
		config.Observe = func(e backoff.Event) { events = append(events, e) }
		p := newPacer(t, config)
		begin := time.Now()
		ticket := p.Ticket("POST")
		require.NoError(t, ticket.Wait(t.Context(), 0))
		s := p.Stats()[0]
		assert.Equal(t, 1, s.InFlight)
		assert.EqualValues(t, 1, s.Sent)
		assert.True(t, s.NextAt.IsZero())
		ticket.Done(429, 20*time.Second)
		require.Len(t, events, 1)
		assert.True(t, events[0].RateLimited)
		assert.Equal(t, 20*time.Second, events[0].RetryAfter)
		until := events[0].ResumeAt
		assert.Error(t, p.Ticket("POST").Wait(t.Context(), time.Second), "it comes too late")
		require.Len(t, events, 2, "a request that did not wait is reported too")
		assert.Zero(t, events[1].Waited)
		assert.WithinDuration(t, begin.Add(20*time.Second), until, time.Second)

		go func() {
			time.Sleep(time.Second)
			s := p.Stats()[0]
			assert.Equal(t, 1, s.Queued)
			assert.Equal(t, until, s.NextAt)
			assert.EqualValues(t, 1, s.RateLimited)
		}()
		require.NoError(t, ticket.Wait(t.Context(), 0))
		ticket.Done(200, 0)
		require.Len(t, events, 3)
		assert.False(t, events[2].RateLimited)
		assert.Equal(t, until.Sub(begin), events[2].Waited)
	})
}

func TestPacerShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quotas(backoff.Quota{N: 300, Per: time.Minute})
		config.Share = 4
		p := newPacer(t, config)
		assert.Equal(t, []backoff.Quota{{N: 75, Per: time.Minute}}, p.Stats()[0].Quotas)
	})
}

func TestPacerConfigErrors(t *testing.T) {
	for _, test := range []struct {
		config backoff.PacerConfig
		want   string
	}{
		{quotas(backoff.Quota{N: 0, Per: time.Second}), "N is 0, want 1 to 1048576"},
		{quotas(backoff.Quota{N: 1}), "Per is 0s, want more than 0"},
		{quotas(backoff.Quota{N: 1, Per: time.Second}, backoff.Quota{N: 2, Per: time.Second}), "two quotas per 1s"},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{}, {}}}, "two sets without methods"},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Methods: []string{"GET"}}, {Methods: []string{"GET"}}}}, "GET belongs to two"},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Methods: []string{"get"}}}}, `"get"`},
		{backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Methods: []string{"GET", "GET"}}}}, "GET is named twice"},
		{backoff.PacerConfig{Share: -1}, "Share is -1"},
		{backoff.PacerConfig{MaxInFlight: -1}, "InFlight is -1"},
	} {
		_, err := backoff.NewPacer(test.config)
		assert.ErrorContains(t, err, test.want)
	}
}
