package backoff_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/backoff"
)

func TestShare(t *testing.T) {
	quota := func(n int, per time.Duration) backoff.Quota { return backoff.Quota{N: n, Per: per} }
	for _, test := range []struct {
		k    int
		in   []backoff.Quota
		want []backoff.Quota
	}{
		{0, []backoff.Quota{quota(3, time.Second)}, []backoff.Quota{quota(3, time.Second)}},
		{1, []backoff.Quota{quota(3, time.Second)}, []backoff.Quota{quota(3, time.Second)}},
		{4, []backoff.Quota{quota(300, time.Minute)}, []backoff.Quota{quota(75, time.Minute)}},
		{7, []backoff.Quota{quota(300, time.Minute)}, []backoff.Quota{quota(42, time.Minute)}},
		{2, []backoff.Quota{quota(2, time.Second), quota(60, time.Minute)}, []backoff.Quota{quota(1, time.Second), quota(30, time.Minute)}},
		// One a second cannot be divided: spread as 30 a minute demands.
		{4, []backoff.Quota{quota(1, time.Second), quota(30, time.Minute)}, []backoff.Quota{quota(7, time.Minute), quota(1, 8*time.Second)}},
		{3, []backoff.Quota{quota(2, time.Second)}, []backoff.Quota{quota(1, 1500*time.Millisecond)}},
		{4, nil, nil},
	} {
		set := backoff.QuotaSet{Methods: []string{"POST"}, Quotas: test.in}.Share(test.k)
		assert.Equal(t, test.want, set.Quotas)
		assert.Equal(t, []string{"POST"}, set.Methods)
	}
}

// Whatever the quota and the number of processes, shares are valid, and together
// they stay below the quota in the long run.
func FuzzShare(f *testing.F) {
	f.Add(1, int64(time.Second), 4)
	f.Add(1<<20, int64(math.MaxInt64), math.MaxInt)
	f.Add(3, int64(1), 1000)
	f.Fuzz(func(t *testing.T, n int, per int64, k int) {
		q := backoff.Quota{N: n, Per: time.Duration(per)}
		if q.Validate() != nil {
			return
		}
		for _, s := range (backoff.QuotaSet{Quotas: []backoff.Quota{q}}).Share(k).Quotas {
			assert.NoError(t, s.Validate())
			if k < 1 {
				k = 1
			}
			ours := float64(s.N) / float64(s.Per) * float64(k)
			if s.Per < math.MaxInt64 {
				assert.LessOrEqual(t, ours, float64(q.N)/float64(q.Per)*(1+1e-9))
			}
		}
	})
}

func TestQuotaStrings(t *testing.T) {
	set := backoff.QuotaSet{Methods: []string{"GET", "HEAD"}, Quotas: []backoff.Quota{{N: 2, Per: time.Second}, {N: 60, Per: time.Minute}}}
	assert.Equal(t, "GET/HEAD 2 per 1s, 60 per 1m0s", set.String())
	config := backoff.PacerConfig{Quotas: []backoff.QuotaSet{set}, Share: 2}
	assert.Equal(t, "GET/HEAD 2 per 1s, 60 per 1m0s, share 1/2, 8 in flight", config.String())
	assert.Equal(t, "no quotas, 8 in flight", backoff.PacerConfig{}.String())
}
