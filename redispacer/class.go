package redispacer

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/backoff"
)

// class is one set of quotas in this process: its queue, and what the process
// knows of the store. One goroutine at a time, the worker, talks to the store;
// it exists only while there is something to ask or to report.
type class struct {
	pacer *Pacer
	set   backoff.QuotaSet
	keys  []string
	wake  chan struct{}

	mu         sync.Mutex
	queue      []*ticket // by number
	lastNumber uint64
	requests   record
	reports    []report // not confirmed by the store yet
	inFlight   int
	working    bool
	stats_     backoff.Stats
	poll       time.Duration

	// As of the last reply.
	epoch       string
	seq         int64
	processes   int
	learned     backoff.Quota
	rank        int
	clock       time.Duration // of the store, at lastContact
	lastContact time.Time
	mustRestore bool // the store lacks requests of this process
	queued      bool // this process has a place in the store's queue

	fallback    *fallback // nil while the store replies
	outstanding chan result
}

// request is one request of this process.
type request struct {
	id    string
	sent  time.Time
	ended time.Time // zero while in flight
	local bool      // permitted by the fallback
}

func newClass(p *Pacer, prefix string, set backoff.QuotaSet) *class {
	name := "other"
	if len(set.Methods) > 0 {
		name = strings.Join(set.Methods, "+")
	}
	c := &class{pacer: p, set: set, wake: make(chan struct{}, 1), poll: minPoll}
	for _, part := range []string{"log", "inflight", "meta", "queue", "processes", "reported"} {
		c.keys = append(c.keys, prefix+name+":"+part)
	}
	c.stats_ = backoff.Stats{Methods: set.Methods, Quotas: set.Quotas}
	return c
}

// enqueue puts t into the queue, at the place of its first Wait.
func (c *class) enqueue(t *ticket, ctx context.Context, atMost time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.pacer.now()
	if t.number == 0 {
		c.lastNumber++
		t.number, t.queuedAt = c.lastNumber, now
	}
	t.waitFrom, t.deadline, t.byCtx, t.checked = now, time.Time{}, false, false
	if atMost > 0 {
		t.deadline = now.Add(atMost)
	}
	if end, ok := ctx.Deadline(); ok {
		// The deadline is a time of the real clock, which may be another than now's.
		if at := now.Add(time.Until(end)); t.deadline.IsZero() || at.Before(t.deadline) {
			t.deadline, t.byCtx = at, true
		}
	}
	t.decided = make(chan error, 1)
	i, _ := slices.BinarySearchFunc(c.queue, t.number, func(q *ticket, n uint64) int { return int(int64(q.number) - int64(n)) })
	c.queue = slices.Insert(c.queue, i, t)
	c.wakeWorker()
}

// withdraw removes t from the queue and returns err, or t's decision if that was
// faster and cannot be taken back.
func (c *class) withdraw(t *ticket, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case decision := <-t.decided:
		if decision != nil {
			return decision
		}
		c.release(t)
		return err
	default:
	}
	if i := slices.Index(c.queue, t); i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
	}
	c.wakeWorker()
	return err
}

// release returns a permission that was not used.
func (c *class) release(t *ticket) {
	r := t.grant
	t.grant = nil
	c.inFlight--
	c.stats_.Sent--
	c.requests.remove(r)
	if !r.local {
		c.reports = append(c.reports, report{ID: r.id, Status: statusUnsent})
	}
	c.wakeWorker()
}

// done records the end of t's request.
func (c *class) done(t *ticket, status int, retryAfter time.Duration) {
	c.mu.Lock()
	r := t.grant
	if r == nil {
		c.mu.Unlock()
		return
	}
	t.grant = nil
	retryAfter = min(retryAfter, maxRetryAfter)
	now := c.pacer.now()
	c.inFlight--
	rejected := status == 429 || status == 503
	if rejected {
		c.requests.remove(r)
	} else {
		r.ended = now
	}
	if c.fallback != nil {
		c.fallback.onResponse(r, status, retryAfter, now)
	}
	if !r.local {
		rep := report{ID: r.id, RetryAfter: retryAfter.Microseconds(), RTT: max(0, now.Sub(r.sent)).Microseconds(), at: now}
		switch {
		case rejected:
			rep.Status, rep.Limit = statusRejected, status == 429 || retryAfter > 0
		case status == 0:
			rep.Status = statusLost
		default:
			rep.Status = statusAccepted
		}
		c.reports = append(c.reports, rep)
	}
	if status == 429 {
		c.stats_.RateLimited++
	}
	c.wakeWorker()
	c.mu.Unlock()
	if status == 429 {
		c.observe(backoff.Event{RateLimited: true, RetryAfter: retryAfter, ResumeAt: now.Add(retryAfter)})
	}
}

func (c *class) observe(e backoff.Event) {
	if c.pacer.config.Observe != nil && (e.RateLimited || e.Waited > 0) {
		e.Methods = c.set.Methods
		c.pacer.config.Observe(e)
	}
}

// use gives the permission id to the first in the queue, or back to the store.
func (c *class) use(id string, asked, now time.Time, local bool) {
	if len(c.queue) == 0 || now.Sub(asked) > maxGrantAge {
		if !local {
			c.reports = append(c.reports, report{ID: id, Status: statusUnsent})
		}
		return
	}
	t := c.queue[0]
	c.queue = slices.Delete(c.queue, 0, 1)
	t.grant = &request{id: id, sent: now, local: local}
	c.requests = append(c.requests, t.grant)
	c.inFlight++
	c.stats_.Sent++
	c.stats_.NextAt = time.Time{}
	t.decided <- nil
}

// checkDeadline rejects t if it cannot be sent in time.
func (c *class) checkDeadline(t *ticket, now time.Time, wait time.Duration) (rejected bool) {
	i := slices.Index(c.queue, t)
	if i < 0 || !now.Add(wait).After(t.deadline) {
		return false
	}
	c.queue = slices.Delete(c.queue, i, i+1)
	e := &backoff.WaitError{MinWait: wait}
	if t.byCtx {
		e.Err = context.DeadlineExceeded
	}
	t.decided <- e
	return true
}

func (c *class) stats() backoff.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats_
	s.Queued, s.InFlight = len(c.queue), c.inFlight
	if len(c.queue) == 0 {
		s.NextAt = time.Time{}
	}
	return s
}
