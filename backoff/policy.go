package backoff

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Defaults of a [Policy].
const (
	DefaultMaxAttempts   = 4
	DefaultBase          = 500 * time.Millisecond
	DefaultCap           = 30 * time.Second
	DefaultMaxRetryAfter = 2 * time.Minute
	DefaultMaxWait       = 5 * time.Minute
)

// Policy contains the number of attempts of a call and the waits between them. A zero field
// means its default, so the zero Policy is the default policy.
type Policy struct {
	// MaxAttempts is the maximum number of attempts of one call, including the first.
	// Attempts that end in a 429 do not count: the server did nothing, and MaxWait limits
	// how long they are retried. In a run of upsert.All they count.
	// Default 4; 1 means no retry.
	MaxAttempts int
	// Base is the maximum wait after the first failure other than a 429. It doubles with
	// each further failure. Default 500 ms. After a 429 the [Pacer] decides for all calls
	// when to resume: at the time the server names, or else after a second or more.
	Base time.Duration
	// Cap limits the doubling of Base. Default 30 s. It does not shorten Retry-After.
	Cap time.Duration
	// MaxRetryAfter is the longest Retry-After that is respected. If a server asks for
	// more, the call is not retried and returns the response. Default 2 min.
	MaxRetryAfter time.Duration
	// MaxWait limits the total of all waits of one call. A wait that would exceed it is
	// not started. Default 5 min. Negative: no limit, the context decides. A nanosecond
	// disables waiting and therefore every retry.
	MaxWait time.Duration
}

// Validate reports the first invalid field: MaxAttempts and all durations except MaxWait
// must not be negative.
func (p Policy) Validate() error {
	if p.MaxAttempts < 0 {
		return fmt.Errorf("backoff policy: MaxAttempts is %d, want 1 or more (0 for the default)", p.MaxAttempts)
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"Base", p.Base}, {"Cap", p.Cap}, {"MaxRetryAfter", p.MaxRetryAfter},
	} {
		if d.value < 0 {
			return fmt.Errorf("backoff policy: %s is %v, want more than 0 (0 for the default)", d.field, d.value)
		}
	}
	return nil
}

// WithDefaults returns p with its zero fields replaced by the defaults.
func (p Policy) WithDefaults() Policy {
	p.MaxAttempts = orDefault(p.MaxAttempts, DefaultMaxAttempts)
	p.Base = orDefault(p.Base, DefaultBase)
	p.Cap = orDefault(p.Cap, DefaultCap)
	p.MaxRetryAfter = orDefault(p.MaxRetryAfter, DefaultMaxRetryAfter)
	p.MaxWait = orDefault(p.MaxWait, DefaultMaxWait)
	return p
}

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// Delay returns how long to wait after the n-th consecutive failure (n counts from 1): the
// larger of a random time below the doubled Base (full jitter, so that clients that failed
// together do not all return together) and retryAfter (0: none), plus jitter of up to a tenth
// and up to a second. The result is a millisecond or more and never overflows.
func (p Policy) Delay(n int, retryAfter time.Duration) time.Duration {
	p = p.WithDefaults()
	wait := max(rand.N(maxBackoff(p.Base, p.Cap, n))+1, retryAfter, time.Millisecond)
	return addCapped(wait, rand.N(min(wait/10, time.Second)+1))
}

// maxBackoff doubles base n-1 times, up to limit.
func maxBackoff(base, limit time.Duration, n int) time.Duration {
	for ; n > 1 && base < limit; n-- {
		base = addCapped(base, base)
	}
	return min(base, limit)
}

func addCapped(a, b time.Duration) time.Duration {
	if sum := a + b; sum >= a {
		return sum
	}
	return 1<<63 - 1
}
