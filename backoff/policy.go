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

// Policy says how often a request is tried and how long is waited in between.
// A zero field stands for its default, so the zero Policy is the default one.
type Policy struct {
	// MaxAttempts limits the tries of one call that end in anything but a 429,
	// the first one included. 429s do not count: the server did nothing, and
	// MaxWait bounds how long they are put up with. Default 4; 1 tries once.
	MaxAttempts int
	// Base is the most that is waited before the second try after a failure that
	// is not a 429; it doubles with each further one. Default 500 ms. After a 429
	// the [Pacer] says when to go on, for all calls alike: at the time the server
	// names, or else after a second or more.
	Base time.Duration
	// Cap limits what Base doubles to. Default 30 s. It does not shorten a wait
	// that the server asked for.
	Cap time.Duration
	// MaxRetryAfter is the longest wait a server may ask for. One that asks for
	// more is not tried again: the call returns its answer. Default 2 min.
	MaxRetryAfter time.Duration
	// MaxWait limits the sum of the waits of one call; a wait that would exceed
	// it is not begun. Default 5 min. Negative: no limit, the context decides.
	// A nanosecond switches waiting off, and with it every repetition.
	MaxWait time.Duration
}

// Validate reports the first field that has no meaning: all durations but
// MaxWait and the number of attempts must not be negative.
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

// Delay returns how long to wait after the n-th failure in a row (n counts from
// 1): the larger of a random time below the doubled base (full jitter, so that
// clients which failed together do not come back together) and wish, what the
// server asked for (0: nothing), plus a little jitter of at most a tenth of it.
// The result is never below a millisecond and never overflows.
func (p Policy) Delay(n int, wish time.Duration) time.Duration {
	p = p.WithDefaults()
	wait := max(rand.N(maxBackoff(p.Base, p.Cap, n))+1, wish, time.Millisecond)
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
