package redispacer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/usersync/usersync/backoff"
)

const (
	// DefaultRequestTimeout is the timeout of one attempt in package rest.
	DefaultRequestTimeout = 30 * time.Second

	// maxInFlight limits the requests of this process in each class, as in
	// package backoff: all of them can be rejected before the first 429 is known.
	maxInFlight = backoff.DefaultMaxInFlight
	// storeTimeout is how long a reply of the store may take.
	storeTimeout = 100 * time.Millisecond
	// lateTimeout is how long a question to the store stays open if its reply is late.
	lateTimeout = time.Second
	// introductionTimeout is the same for the first contact, in New.
	introductionTimeout = 2 * time.Second
	// retryStore is how often an unavailable store is tried again.
	retryStore = 500 * time.Millisecond
	// maxGrantAge is how old a grant may be when it is used: the process may have
	// been stopped after the store gave it.
	maxGrantAge = 250 * time.Millisecond
	// heartbeat is how often a process with a waiting request contacts the store
	// at least; after silence without contact the others overtake it.
	heartbeat = time.Second
	silence   = 2 * time.Second
	// minPoll and maxPoll bound the time between two questions while the wait is
	// unknown, because it depends on a request in flight.
	minPoll = 2 * time.Millisecond
	maxPoll = 50 * time.Millisecond
	// timeoutMargin is added to RequestTimeout: the response must be reported
	// before the request counts as lost.
	timeoutMargin = 2 * time.Second
	// learnFor is how long requests are remembered where no quota is documented.
	learnFor = 10 * time.Minute
	// maxRetryAfter limits the pause after a 429: a mistake of the server must not
	// stop all processes for longer.
	maxRetryAfter = 24 * time.Hour
	// maxLog bounds the memory of one class in the store, about 100 bytes each.
	maxLog = 1 << 16
)

var errClosed = errors.New("redispacer: the pacer is closed")

// Config describes a [Pacer].
type Config struct {
	// Quotas are the documented quotas, for example partoo.Quotas(). All processes
	// of one key must use the same.
	Quotas []backoff.QuotaSet
	// Share is the number of processes that use the key, this one included. It is
	// used while the store is unavailable and has not yet reported the number
	// itself. 0: New fails if the store is unavailable.
	Share int
	// RequestTimeout is the longest time of one attempt. A request whose response
	// is not reported counts that long after it was sent, because its process may
	// have died. 0: DefaultRequestTimeout. It must not be shorter than the timeout
	// of the client (rest.WithTimeout).
	RequestTimeout time.Duration
	// Observe, if set, is called for each wait and each 429, outside all locks. It
	// should return soon.
	Observe func(backoff.Event)
}

// Validate reports every field out of range.
func (c Config) Validate() error {
	problems := []error{backoff.ValidateQuotas(c.Quotas)}
	if c.Share < 0 {
		problems = append(problems, fmt.Errorf("config: Share is %d, want 1 or more (0: ask the store)", c.Share))
	}
	if c.RequestTimeout < 0 {
		problems = append(problems, fmt.Errorf("config: RequestTimeout is %v, want more than 0 (0 for the default)", c.RequestTimeout))
	}
	for _, set := range c.Quotas {
		for _, q := range set.Quotas {
			if q.N > maxLog {
				problems = append(problems, fmt.Errorf("quota %v: want at most %d requests", q, maxLog))
			}
		}
	}
	return errors.Join(problems...)
}

// Pacer shares one quota between processes. It implements [backoff.Pacer] and is
// safe for concurrent use.
type Pacer struct {
	client  redis.UniversalClient
	config  Config
	process string // unique name of this process
	classes []*class
	rest    *class // for methods without a quota set
	now     func() time.Time

	storeTimeout time.Duration

	closed  context.Context // ends when Close is called
	close   func()          // signs off, once
	running sync.WaitGroup  // workers and questions to the store
}

var _ backoff.Pacer = (*Pacer)(nil)

// New returns a pacer for the API at origin (scheme and host, for example
// "https://api.partoo.co") and the API key key. Processes with the same origin,
// key and store share the quotas of config. The store gets neither of the two:
// its keys are named by an HMAC.
//
// New contacts the store. If it is unavailable and config.Share is 0, New returns
// an error. New does not close client.
func New(ctx context.Context, client redis.UniversalClient, origin, key string, config Config) (*Pacer, error) {
	return newPacer(ctx, client, origin, key, config, time.Now)
}

func newPacer(ctx context.Context, client redis.UniversalClient, origin, key string, config Config, now func() time.Time) (*Pacer, error) {
	problems := []error{config.Validate()}
	if client == nil {
		problems = append(problems, errors.New("the client is nil"))
	}
	if origin == "" || key == "" {
		problems = append(problems, errors.New("origin and key must not be empty"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("new redispacer: %w", err)
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = DefaultRequestTimeout
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(origin))
	p := &Pacer{
		client: client, config: config, process: rand.Text(), now: now, storeTimeout: storeTimeout,
	}
	var cancel context.CancelFunc
	p.closed, cancel = context.WithCancel(context.Background())
	p.close = sync.OnceFunc(func() {
		cancel()
		p.running.Wait()
		for _, c := range p.classes {
			c.leave()
		}
		p.running.Wait()
	})
	name := "usersync:{" + hex.EncodeToString(mac.Sum(nil)[:16]) + "}:"
	for _, set := range config.Quotas {
		c := newClass(p, name, set)
		p.classes = append(p.classes, c)
		if len(set.Methods) == 0 {
			p.rest = c
		}
	}
	if p.rest == nil {
		p.rest = newClass(p, name, backoff.QuotaSet{})
		p.classes = append(p.classes, p.rest)
	}
	for _, c := range p.classes {
		if err := c.introduce(ctx); err != nil && config.Share == 0 {
			return nil, fmt.Errorf("new redispacer: store unavailable and Share not set: %w", err)
		}
	}
	return p, nil
}

// Ticket implements [backoff.Pacer].
func (p *Pacer) Ticket(method string) backoff.Ticket { return &ticket{class: p.classFor(method)} }

// Handles429 implements [backoff.Pacer]. It returns true.
func (*Pacer) Handles429() bool { return true }

func (p *Pacer) classFor(method string) *class {
	if method == "" {
		method = "GET"
	}
	for _, c := range p.classes {
		if slices.ContainsFunc(c.set.Methods, func(m string) bool { return strings.EqualFold(m, method) }) {
			return c
		}
	}
	return p.rest
}

// Stats returns the state of each class in this process. LearnedQuota is what all
// processes have learned together.
func (p *Pacer) Stats() []backoff.Stats {
	all := make([]backoff.Stats, len(p.classes))
	for i, c := range p.classes {
		all[i] = c.stats()
	}
	return all
}

// Close rejects waiting requests, reports the finished ones to the store, and ends
// every goroutine of the pacer. It returns the error of ctx if that ends sooner.
// Requests in flight count as lost; wait for them before Close.
func (p *Pacer) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		p.close()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close redispacer: %w", ctx.Err())
	}
}
