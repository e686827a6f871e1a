package backoff

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Pacer decides when requests leave. It is all that package rest needs to know
// of one, so that a pacer which shares a quota between processes can take the
// place of [QuotaPacer]. Implementations are safe for concurrent use.
type Pacer interface {
	// Ticket registers one call. Its place among the others is that of its first
	// Wait; it keeps it through all its attempts, so that a call which is sent
	// again is not overtaken by those that came later. A turn that is not waiting
	// and not sent costs nothing and may be forgotten.
	Ticket(method string) Ticket
	// Handles429 reports whether the pacer makes callers wait after a 429 itself.
	// If it does not, each call waits on its own before it asks for the next
	// attempt.
	Handles429() bool
}

// Ticket is the way of one call through a [Pacer]. Each attempt is a Wait followed
// by a Done. It is used by one goroutine at a time.
type Ticket interface {
	// Wait returns nil when the next attempt may leave; it leaves at once, and
	// Done must follow, whatever becomes of it. An error means that nothing may
	// be sent, and no Done follows. Errors of the pacer's own are a *[WaitError].
	//
	// Wait ends within milliseconds of the end of ctx. It does not begin when the
	// pacer knows that ctx's deadline, or atMost from now, comes too soon.
	// atMost 0 or less sets no limit.
	Wait(ctx context.Context, atMost time.Duration) error
	// Done reports the answer: its HTTP status, 0 when there was none, and the
	// wait that the server asked for, 0 or less when it did not. It never blocks.
	Done(status int, retryAfter time.Duration)
}

// WaitError says that a request was not sent because its turn comes too late.
// It matches context.DeadlineExceeded when the context's deadline is the reason,
// and what ended the context when that came first.
type WaitError struct {
	// MinWait is how long the request would have to wait at the least, counted
	// from when it was told so.
	MinWait time.Duration
	// Err is context.DeadlineExceeded, what ended the context, or nil when the
	// caller's own limit was too short.
	Err error
}

// Error names the wait and the reason.
func (e *WaitError) Error() string {
	if e.MinWait == 0 && e.Err != nil {
		return "waiting for the quota: " + e.Err.Error()
	}
	text := fmt.Sprintf("the request may leave in %v at the earliest", e.MinWait.Round(time.Millisecond))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }

// DefaultMaxInFlight is how many requests are under way at once: as many as can be
// refused before the first refusal is known.
const DefaultMaxInFlight = 8

// PacerConfig describes a [QuotaPacer]. The zero value knows no quotas and
// learns from refusals alone.
type PacerConfig struct {
	// Quotas are the documented quotas, one set for each class of requests.
	// Methods that no set covers form a class without quotas.
	Quotas []QuotaSet
	// Share divides the quotas among as many processes that use the key without
	// knowing of each other, this one included. 0 and 1: the key is ours alone.
	Share int
	// MaxInFlight limits the requests under way in each class. 0: DefaultMaxInFlight. Without
	// quotas, no more than 6 are, until there was a refusal or 1,024 have left.
	MaxInFlight int
	// Rand, if set, is where the jitter of the waits comes from; for simulations
	// that can be repeated. It is only used under the pacer's locks, by one class
	// at a time.
	Rand rand.Source
	// Observe, if set, is called for each wait and each refusal, by the goroutine
	// of the request and outside all locks. It should return soon.
	Observe func(Event)
}

// Validate reports every field out of range.
func (c PacerConfig) Validate() error {
	problems := []error{ValidateQuotas(c.Quotas)}
	if c.Share < 0 {
		problems = append(problems, fmt.Errorf("pacer: Share is %d, want 1 or more (0 for the whole key)", c.Share))
	}
	if c.MaxInFlight < 0 {
		problems = append(problems, fmt.Errorf("pacer: InFlight is %d, want 1 or more (0 for the default)", c.MaxInFlight))
	}
	return errors.Join(problems...)
}

// QuotaPacer keeps the requests of one process inside a server's quotas.
//
//   - First come, first served. A request leaves only if it fits every quota,
//     counted when its answer came at the latest.
//   - The first 429 closes a gate for its class until the time the server names,
//     or else until the pacer has found the server's rhythm; then one request
//     probes, and the others follow one more with each answer.
//   - Refusals in spite of the quotas teach lower limits, which creep back up.
//
// Classes do not wait for each other.
type QuotaPacer struct {
	classes      []*class
	defaultClass *class // of the methods that no set names
}

// NewPacer returns a pacer, or an error that names every field out of range.
func NewPacer(config PacerConfig) (*QuotaPacer, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("new pacer: %w", err)
	}
	p := &QuotaPacer{}
	start := time.Now()
	for _, set := range config.Quotas {
		c := newClass(set, config, start)
		p.classes = append(p.classes, c)
		if len(set.Methods) == 0 {
			p.defaultClass = c
		}
	}
	if p.defaultClass == nil {
		p.defaultClass = newClass(QuotaSet{}, config, start)
		p.classes = append(p.classes, p.defaultClass)
	}
	return p, nil
}

// Ticket implements [Pacer].
func (p *QuotaPacer) Ticket(method string) Ticket {
	return &ticket{class: p.classFor(method)}
}

// Handles429 implements [Pacer]. It returns true.
func (*QuotaPacer) Handles429() bool { return true }

func (p *QuotaPacer) classFor(method string) *class {
	for _, c := range p.classes {
		for _, m := range c.methods {
			if strings.EqualFold(m, method) || method == "" && m == "GET" {
				return c
			}
		}
	}
	return p.defaultClass
}
