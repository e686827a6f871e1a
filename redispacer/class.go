package redispacer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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
	asked       int // number of steps, for tests
}

// result is what became of a step.
type result struct {
	reply reply
	err   error
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

// introduce makes this process known to the store.
func (c *class) introduce(ctx context.Context) error {
	c.mu.Lock()
	s := c.newStep(c.pacer.now())
	c.mu.Unlock()
	r, err := c.exchange(ctx, s, introductionTimeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.fallBack(c.pacer.now())
		return err
	}
	c.learn(r, c.pacer.now())
	return nil
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
	c.kick()
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
	c.kick()
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
	c.kick()
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
	c.kick()
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

// kick starts the worker, or wakes it.
func (c *class) kick() {
	if c.working {
		select {
		case c.wake <- struct{}{}:
		default:
		}
		return
	}
	if !c.pacer.isClosed() {
		c.start()
	}
}

func (c *class) start() {
	c.working = true
	c.pacer.running.Add(1)
	go c.work()
}

// leave has the worker report the last results and sign off.
func (c *class) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working {
		c.kick()
	} else {
		c.start()
	}
}

// work is the worker. It ends when there is nothing to do.
func (c *class) work() {
	defer c.pacer.running.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait, more := c.advance()
		if !more {
			return
		}
		if wait <= 0 {
			continue
		}
		timer.Reset(wait)
		select {
		case <-c.wake:
		case <-timer.C:
		case <-c.pacer.closed:
		}
	}
}

// advance does one step. It returns how long to wait before the next one, and
// whether there is one.
func (c *class) advance() (time.Duration, bool) {
	c.mu.Lock()
	now := c.pacer.now()
	closed := c.pacer.isClosed()
	c.requests.trim(now, c.keep())
	if c.fallback != nil && !closed && len(c.queue) > 0 && !now.Before(c.fallback.nextTry) {
		// Before holdUntil, nothing was sent that the store does not know.
		c.mustRestore = c.mustRestore || !now.Before(c.fallback.holdUntil)
		return c.consult(now)
	}
	if c.fallback != nil && !closed {
		defer c.mu.Unlock()
		if len(c.queue) == 0 {
			c.working = false
			return 0, false
		}
		return c.decideLocally(now), true
	}
	if closed {
		s := c.newStep(now)
		s.Leave = true
		down := c.fallback != nil
		c.mu.Unlock()
		if !down {
			_, _ = c.exchange(context.Background(), s, c.pacer.storeTimeout)
		}
		return 0, false
	}
	if len(c.queue) == 0 && len(c.reports) == 0 && !c.mustRestore && !c.queued {
		c.working = false
		c.mu.Unlock()
		return 0, false
	}
	return c.consult(now)
}

// consult asks the store on behalf of the first in the queue and applies the
// reply. It is called with c.mu locked and unlocks it.
func (c *class) consult(now time.Time) (time.Duration, bool) {
	s := c.newStep(now)
	sent := len(s.Reports)
	var checked []*ticket
	if len(c.queue) > 0 {
		if c.inFlight < maxInFlight && !c.mustRestore && c.fallback == nil {
			s.Acquire = c.newAcquire(now)
		}
		for i, t := range c.queue {
			if !t.deadline.IsZero() && !t.checked && len(checked) < 64 {
				checked = append(checked, t)
				s.Positions = append(s.Positions, i+1)
			}
		}
	}
	if s.Acquire == nil && sent == 0 && len(checked) == 0 && s.Restore == nil && !c.queued && c.fallback == nil {
		c.mu.Unlock()
		return time.Hour, true // until a request in flight ends
	}
	c.mu.Unlock()

	r, err := c.exchange(context.Background(), s, c.pacer.storeTimeout)

	c.mu.Lock()
	defer c.mu.Unlock()
	asked := now
	now = c.pacer.now()
	if err != nil {
		if s.Acquire != nil { // the store may have granted it
			c.reports = append(c.reports, report{ID: s.Acquire.ID, Status: statusUnsent})
		}
		c.fallBack(now)
		return 0, true
	}
	c.fallback = nil
	if r.state == stateRestore {
		c.mustRestore = true
		return 0, true
	}
	c.reports = c.reports[sent:]
	c.learn(r, now)
	if s.Restore != nil {
		c.mustRestore = false
	}
	c.queued = s.Acquire != nil && (r.state == stateWait || s.Acquire.Next != nil)
	for i, t := range checked {
		t.checked = true
		if i < len(r.positionWait) && (r.state != stateGo || s.Positions[i] > 1) {
			c.checkDeadline(t, now, r.positionWait[i])
		}
	}
	switch {
	case s.Acquire == nil:
		return 0, true
	case r.state == stateGo:
		c.poll = minPoll
		c.use(s.Acquire.ID, asked, now, false)
		return 0, true
	}
	if len(c.queue) > 0 {
		c.queue[0].checked = false // the wait may have become longer
		c.stats_.NextAt = now.Add(r.wait)
	}
	if r.wait <= c.poll {
		c.poll = min(2*c.poll, maxPoll)
	} else {
		c.poll = minPoll
	}
	return min(r.wait, heartbeat), true
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
func (c *class) checkDeadline(t *ticket, now time.Time, wait time.Duration) {
	i := slices.Index(c.queue, t)
	if i < 0 || !now.Add(wait).After(t.deadline) {
		return
	}
	c.queue = slices.Delete(c.queue, i, i+1)
	e := &backoff.WaitError{MinWait: wait}
	if t.byCtx {
		e.Err = context.DeadlineExceeded
	}
	t.decided <- e
}

// newStep describes the state of this process.
func (c *class) newStep(now time.Time) step {
	if !c.lastContact.IsZero() && now.Sub(c.lastContact) > c.keep()+c.guard() && c.fallback == nil {
		c.epoch, c.seq = "", 0 // everything this process knew has expired
	}
	s := step{
		Process: c.pacer.process, Epoch: c.epoch, NewEpoch: rand.Text(), Seq: c.seq, Processes: c.processes,
		Reports: slices.Clone(c.reports), Windows: make([][2]int64, 0, len(c.set.Quotas)), Positions: []int{},
		Guard: c.guard().Microseconds(), Silence: silence.Microseconds(), Poll: c.poll.Microseconds(), MaxLog: maxLog,
	}
	if s.Reports == nil {
		s.Reports = []report{}
	}
	for i := range s.Reports {
		if !s.Reports[i].at.IsZero() {
			s.Reports[i].Age = max(0, now.Sub(s.Reports[i].at)).Microseconds()
		}
	}
	for _, q := range c.set.Quotas {
		s.Windows = append(s.Windows, [2]int64{int64(q.N), q.Per.Microseconds()})
	}
	if len(s.Windows) == 0 {
		s.Keep = learnFor.Microseconds()
	}
	if c.processes == 0 {
		s.Processes = max(1, c.pacer.config.Share)
	}
	// A step of the fallback may be carried out late, while this process sends requests
	// that the store does not know. So it must not say that they are all known.
	if c.mustRestore && c.fallback == nil {
		s.Restore = c.requests.entries(now)
	}
	return s
}

func (c *class) newAcquire(now time.Time) *acquire {
	a := &acquire{
		ID: c.newID(), Head: fmt.Sprint(c.queue[0].number),
		Age: max(0, now.Sub(c.queue[0].queuedAt)).Microseconds(),
	}
	if len(c.queue) > 1 && c.inFlight+1 < maxInFlight {
		age := max(0, now.Sub(c.queue[1].queuedAt)).Microseconds()
		a.Next, a.NextHead = &age, fmt.Sprint(c.queue[1].number)
	}
	return a
}

// newID names a request. The script reads the guard time from the end of it.
func (c *class) newID() string {
	return fmt.Sprintf("%s:%d", rand.Text(), c.guard().Microseconds())
}

// learn takes over what a reply contains.
func (c *class) learn(r reply, now time.Time) {
	c.epoch, c.seq, c.processes = r.epoch, r.seq, r.processes
	c.learned = backoff.Quota{N: r.learnedN, Per: r.learnedPer}
	c.stats_.LearnedQuota = c.learned
	c.rank, c.clock = r.rank, r.clock
	c.lastContact = now
}

// keep is how long requests of this class matter.
func (c *class) keep() time.Duration {
	longest := c.learned.Per
	for _, q := range c.set.Quotas {
		longest = max(longest, q.Per)
	}
	return longest
}

func (c *class) guard() time.Duration { return c.pacer.config.RequestTimeout + timeoutMargin }

var (
	errStoreTimeout = errors.New("redispacer: no reply from the store in time")
	errStoreBusy    = errors.New("redispacer: an earlier question to the store is still open")
)

// exchange runs a step within timeout. The question has a goroutine of its own, which
// may take longer: a late reply shows that the connection works, and a new connection
// needs several round trips. There is one question at a time.
func (c *class) exchange(ctx context.Context, s step, timeout time.Duration) (reply, error) {
	if c.outstanding != nil {
		select {
		case <-c.outstanding:
			c.outstanding = nil
		default:
			return reply{}, errStoreBusy
		}
	}
	c.asked++
	done := make(chan result, 1)
	c.pacer.running.Add(1)
	go func() {
		defer c.pacer.running.Done()
		ctx, cancel := context.WithTimeout(ctx, max(timeout, lateTimeout))
		defer cancel()
		r, err := c.pacer.ask(ctx, c.keys, s)
		done <- result{r, err}
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.reply, r.err
	case <-timer.C:
		c.outstanding = done
		return reply{}, errStoreTimeout
	case <-ctx.Done():
		c.outstanding = done
		return reply{}, ctx.Err()
	}
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
