package backoff_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// extremes returns the shortest and the longest of many delays.
func extremes(p backoff.Policy, n int, retryAfter time.Duration) (shortest, longest time.Duration) {
	shortest = math.MaxInt64
	for range 2000 {
		d := p.Delay(n, retryAfter)
		shortest, longest = min(shortest, d), max(longest, d)
	}
	return shortest, longest
}

func TestDelayIsFullJitterUpToTheDoubledBase(t *testing.T) {
	tests := []struct {
		name    string
		n       int
		ceiling time.Duration
	}{
		{"first failure", 1, 500 * time.Millisecond},
		{"third failure", 3, 2 * time.Second},
		{"at the cap", 50, 30 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shortest, longest := extremes(backoff.Policy{}, tt.n, 0)
			assert.GreaterOrEqual(t, shortest, time.Millisecond)
			assert.Less(t, shortest, tt.ceiling/10, "jitter starts at zero")
			assert.Greater(t, longest, tt.ceiling*9/10, "jitter reaches the ceiling")
			assert.LessOrEqual(t, longest, tt.ceiling+tt.ceiling/10, "and little more")
		})
	}
}

func TestDelayIsAtLeastRetryAfter(t *testing.T) {
	shortest, longest := extremes(backoff.Policy{}, 1, time.Minute)
	assert.GreaterOrEqual(t, shortest, time.Minute)
	assert.LessOrEqual(t, longest, time.Minute+time.Second, "the extra jitter is little")
	assert.Greater(t, longest, shortest, "and it spreads the callers")
}

func TestDelayEdgeCases(t *testing.T) {
	tests := []struct {
		name       string
		policy     backoff.Policy
		n          int
		retryAfter time.Duration
	}{
		{"no failure yet", backoff.Policy{}, 0, 0},
		{"negative count", backoff.Policy{}, -3, 0},
		{"negative Retry-After", backoff.Policy{}, 1, -time.Hour},
		{"longest Retry-After", backoff.Policy{}, 1, math.MaxInt64},
		{"longest base", backoff.Policy{Base: math.MaxInt64, Cap: math.MaxInt64}, 9, 0},
		{"shortest base", backoff.Policy{Base: 1}, math.MaxInt, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.policy.Delay(tt.n, tt.retryAfter)
			assert.GreaterOrEqual(t, d, max(tt.retryAfter, time.Millisecond))
		})
	}
}

func TestPolicyValidate(t *testing.T) {
	require.NoError(t, backoff.Policy{}.Validate())
	require.NoError(t, backoff.Policy{MaxWait: -1}.Validate(), "negative MaxWait: no limit")
	require.ErrorContains(t, backoff.Policy{MaxAttempts: -1}.Validate(), "MaxAttempts")
	require.ErrorContains(t, backoff.Policy{Base: -1}.Validate(), "Base")
	require.ErrorContains(t, backoff.Policy{Cap: -1}.Validate(), "Cap")
	require.ErrorContains(t, backoff.Policy{MaxRetryAfter: -1}.Validate(), "MaxRetryAfter")
}

func TestWithDefaultsKeepsWhatIsSet(t *testing.T) {
	assert.Equal(t, backoff.Policy{
		MaxAttempts: 4, Base: 500 * time.Millisecond, Cap: 30 * time.Second, MaxRetryAfter: 2 * time.Minute, MaxWait: 5 * time.Minute,
	}, backoff.Policy{}.WithDefaults())
	set := backoff.Policy{MaxAttempts: 1, Base: 2, Cap: 4, MaxRetryAfter: 5, MaxWait: -1}
	assert.Equal(t, set, set.WithDefaults())
}
