package backoff

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Pacer decides when requests are sent. Package rest needs nothing else of a pacer, so
// that one which shares a quota between processes can replace [QuotaPacer].
// Implementations are safe for concurrent use.
type Pacer interface {
	// Ticket returns the place of one call in the queue. The first Wait determines
	// the place, and the call keeps it for all its attempts, so that later calls do not
	// overtake a retried one. A ticket that neither waits nor was sent needs no cleanup.
	Ticket(method string) Ticket
	// Handles429 reports whether the pacer itself makes callers wait after a 429. If
	// not, the client waits on its own.
	Handles429() bool
}

// Ticket is one call at a [Pacer]. Each attempt is a Wait followed by a Done. One
// goroutine uses it at a time.
type Ticket interface {
	// Wait blocks until the next attempt may be sent. The caller must then send it and
	// call Done, even if sending fails. If Wait returns an error, nothing may be sent
	// and Done must not be called. The pacer's own errors are a *[WaitError].
	//
	// Wait returns an error immediately if the wait would certainly exceed atMost (0 or
	// less: no limit) or the deadline of ctx, and within milliseconds when ctx ends.
	Wait(ctx context.Context, atMost time.Duration) error
	// Done reports the HTTP status of the response, 0 if there was none, and its
	// Retry-After, 0 or less if it had none. 503 is treated like 429, except that the
	// pacer learns no limit from a single block of 503s. Done never blocks.
	Done(status int, retryAfter time.Duration)
}

// WaitError reports that a request was not sent because its wait would be too long. It
// matches context.DeadlineExceeded if the deadline of the context is the reason, or the
// error of the context if the context ended first.
type WaitError struct {
	// MinWait is how long the request must wait at least, from the time of the error.
	MinWait time.Duration
	// Err is context.DeadlineExceeded, the error of the context, or nil if the caller's
	// own limit was too short.
	Err error
}

// Error returns the wait and the reason.
func (e *WaitError) Error() string {
	if e.MinWait == 0 && e.Err != nil {
		return "waiting for the quota: " + e.Err.Error()
	}
	text := fmt.Sprintf("quota: must wait at least %v", e.MinWait.Round(time.Millisecond))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *WaitError) Unwrap() error { return e.Err }

// DefaultMaxInFlight is the default number of requests in flight at a time, in each class:
// as many may be rejected before the first 429 is known.
const DefaultMaxInFlight = 8

// PacerConfig describes a [QuotaPacer]. The zero value has no quotas and learns from 429s
// alone.
type PacerConfig struct {
	// Quotas are the documented quotas, one set for each class of requests. Methods that
	// no set contains form a class without quotas.
	Quotas []QuotaSet
	// Share is the number of processes that use the key independently, this one
	// included. Each gets an equal part of the quotas. 0 and 1: the whole quotas.
	Share int
	// MaxInFlight is the maximum number of requests in flight in each class. 0:
	// DefaultMaxInFlight. Without quotas, the maximum is 5 until the first 429 or 1,024
	// requests.
	MaxInFlight int
	// Rand, if set, is the source of the jitter, for repeatable simulations. It is only
	// used under the pacer's locks, by one class at a time.
	Rand rand.Source
	// Observe, if set, is called for each wait and each 429, by the goroutine of the
	// request and outside all locks. It should return soon. A panic in it reaches the
	// caller of Wait or Done; the pacer stays usable.
	Observe func(Event)
}

// Validate reports every field out of range.
func (c PacerConfig) Validate() error {
	problems := []error{ValidateQuotas(c.Quotas)}
	if c.Share < 0 {
		problems = append(problems, fmt.Errorf("pacer: Share is %d, want 1 or more (0 for the whole key)", c.Share))
	}
	if c.MaxInFlight < 0 {
		problems = append(problems, fmt.Errorf("pacer: MaxInFlight is %d, want 1 or more (0 for the default)", c.MaxInFlight))
	}
	return errors.Join(problems...)
}

// QuotaPacer keeps the requests of one process within a server's quotas.
//
//   - Requests are sent in order of arrival, and only if they fit every quota. Each counts
//     from the latest time at which the server can have counted it.
//   - After a 429 no request of the class is sent until Retry-After, or a probe time if
//     there is none. Then one probe is sent, and each response allows more requests.
//   - 429s within the quotas lead to lower limits, which are raised again over time.
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
