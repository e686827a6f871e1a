package backoff

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRegistrySharesByOriginAndCredential(t *testing.T) {
	var r Registry
	config := PacerConfig{Quotas: []QuotaSet{{Quotas: []Quota{{N: 300, Per: time.Minute}}}}}
	a, err := r.Pacer("https://api.example.com", "key", config)
	require.NoError(t, err)
	config.Share, config.MaxInFlight = 1, DefaultMaxInFlight // the defaults, spelt out
	b, err := r.Pacer("https://api.example.com", "key", config)
	require.NoError(t, err)
	assert.Same(t, a, b)
	for _, pair := range [][2]string{{"https://api.example.com", "other"}, {"https://sandbox.example.com", "key"}} {
		c, err := r.Pacer(pair[0], pair[1], config)
		require.NoError(t, err)
		assert.NotSame(t, a, c)
	}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", r.entries, r.entries, r.entries), "other")
}

func TestRegistryRejectsConflictingConfigs(t *testing.T) {
	var r Registry
	config := PacerConfig{Quotas: []QuotaSet{{Quotas: []Quota{{N: 300, Per: time.Minute}}}}}
	keep, err := r.Pacer("https://api.example.com", "secret-key", config)
	require.NoError(t, err)
	for _, other := range []PacerConfig{
		{},
		{Quotas: []QuotaSet{{Quotas: []Quota{{N: 100, Per: time.Minute}}}}},
		{Quotas: config.Quotas, Share: 2},
		{Quotas: config.Quotas, MaxInFlight: 1},
	} {
		_, err := r.Pacer("https://api.example.com", "secret-key", other)
		assert.ErrorContains(t, err, "300 per 1m0s, 8 in flight, not with "+other.String())
		assert.NotContains(t, err.Error(), "secret")
	}
	_, err = r.Pacer("https://other.example.com", "key", PacerConfig{Share: -1})
	assert.ErrorContains(t, err, "Share is -1")
	_, err = r.Pacer("https://other.example.com", "key", PacerConfig{Rand: rand.NewPCG(1, 2)})
	assert.ErrorContains(t, err, "cannot be shared")
	_, err = r.Pacer("https://other.example.com", "key", PacerConfig{Observe: func(Event) {}})
	assert.ErrorContains(t, err, "cannot be shared")
	runtime.KeepAlive(keep)
}

func TestRegistryDropsIdlePacers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		config := PacerConfig{Quotas: []QuotaSet{{Quotas: []Quota{{N: 10, Per: time.Hour}}}}}
		used, err := r.Pacer("https://api.example.com", "used", config)
		require.NoError(t, err)
		fill := func(name string) {
			for i := range 100 {
				_, err := r.Pacer("https://api.example.com", fmt.Sprint(name, i), config)
				require.NoError(t, err)
			}
		}
		fill("first")
		time.Sleep(30 * time.Minute)
		runtime.GC()
		fill("second")
		again, err := r.Pacer("https://api.example.com", "first0", config)
		require.NoError(t, err)
		require.Len(t, r.entries, 201, "nothing was idle for an hour")

		ticket := again.Ticket("GET")
		require.NoError(t, ticket.Wait(t.Context(), 0))
		ticket.Done(200, 0)
		again = nil
		time.Sleep(time.Hour - time.Minute)
		sweep := func() int { // first it lets go, then it finds them collected
			for range 2 {
				r.nextSweepSize = 0
				r.dropIdle()
				runtime.GC()
			}
			return len(r.entries)
		}
		assert.Equal(t, 102, sweep(), "the second hundred, and two that were used since")
		time.Sleep(2 * time.Minute)
		assert.Equal(t, 1, sweep(), "a client holds one")
		same, err := r.Pacer("https://api.example.com", "used", config)
		require.NoError(t, err)
		assert.Same(t, used, same)
	})
}

func TestRegistryShrinksAfterManyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		for i := range 20_000 {
			p, err := r.Pacer("https://api.example.com", fmt.Sprint("key", i), PacerConfig{})
			require.NoError(t, err)
			ticket := p.Ticket("GET")
			require.NoError(t, ticket.Wait(t.Context(), 0))
			ticket.Done(200, 0)
		}
		for range 3 { // the first finds the pacers idle, the next finds them collected
			time.Sleep(2 * time.Minute)
			runtime.GC()
			_, err := r.Pacer("https://api.example.com", "another key", PacerConfig{})
			require.NoError(t, err)
		}
		assert.Len(t, r.entries, 1)
	})
}

// The quotas of a key may change after it was idle for longer than its longest quota.
func TestRegistryTakesNewQuotasForAnIdleKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Registry
		before := PacerConfig{Quotas: []QuotaSet{{Quotas: []Quota{{N: 300, Per: time.Minute}}}}}
		after := PacerConfig{Quotas: []QuotaSet{{Quotas: []Quota{{N: 600, Per: time.Minute}}}}}
		p, err := r.Pacer("https://api.example.com", "key", before)
		require.NoError(t, err)
		ticket := p.Ticket("GET")
		require.NoError(t, ticket.Wait(t.Context(), 0))
		ticket.Done(200, 0)
		_, err = r.Pacer("https://api.example.com", "key", after)
		require.ErrorContains(t, err, "one key has one set of quotas")

		<-time.After(24 * time.Hour)
		q, err := r.Pacer("https://api.example.com", "key", after)
		require.NoError(t, err)
		assert.NotSame(t, p, q)
	})
}
