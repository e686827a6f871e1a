package redispacer

import (
	"context"
	"errors"
	"time"

	"github.com/usersync/usersync/backoff"
)

// wakeWorker starts the worker, or wakes it.
func (c *class) wakeWorker() {
	switch {
	case c.working:
		select {
		case c.wake <- struct{}{}:
		default:
		}
	case c.pacer.closed.Err() == nil:
		c.working = true
		c.pacer.running.Go(c.work)
	}
}

// work is the worker. It ends when there is nothing to do.
func (c *class) work() {
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
		case <-c.pacer.closed.Done():
		}
	}
}

// advance does one step. It returns how long to wait before the next one, and
// whether there is one.
func (c *class) advance() (wait time.Duration, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.pacer.now()
	c.requests.trim(now, c.keep())
	toReport := c.fallback == nil && (len(c.reports) > 0 || c.mustRestore || c.queued)
	if c.pacer.closed.Err() != nil || len(c.queue) == 0 && !toReport {
		c.working = false
		return 0, false
	}
	if f := c.fallback; f != nil {
		if now.Before(f.nextTry) {
			return c.decideLocally(now), true
		}
		// Before holdUntil, nothing was sent that the store does not know.
		c.mustRestore = c.mustRestore || !now.Before(f.holdUntil)
	}
	return c.consult(now), true
}

// consult asks the store on behalf of the first in the queue and applies the
// reply. It returns how long to wait before the next step.
func (c *class) consult(now time.Time) time.Duration {
	s := c.newStep(now)
	var checked []*ticket
	if len(c.queue) > 0 && c.inFlight < maxInFlight && !c.mustRestore && c.fallback == nil {
		s.Acquire = c.newAcquire(now)
	}
	for i, t := range c.queue {
		if !t.deadline.IsZero() && !t.checked && len(checked) < 64 {
			checked = append(checked, t)
			s.Positions = append(s.Positions, i+1)
		}
	}
	if s.Acquire == nil && len(s.Reports) == 0 && len(checked) == 0 && s.Restore == nil && !c.queued && c.fallback == nil {
		return time.Hour // until a request in flight ends
	}
	r, err := c.ask(context.Background(), s, c.pacer.storeTimeout)
	asked := now
	now = c.pacer.now()
	if err != nil && s.Acquire != nil { // the store may have granted it
		c.reports = append(c.reports, report{ID: s.Acquire.ID, Status: statusUnsent})
	}
	if err != nil || r.state == stateRestore {
		return 0
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
		return 0
	case r.state == stateGo:
		c.poll = minPoll
		c.use(s.Acquire.ID, asked, now, false)
		return 0
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
	return min(r.wait, heartbeat)
}

// introduce makes this process known to the store.
func (c *class) introduce(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.ask(ctx, c.newStep(c.pacer.now()), introductionTimeout)
	return err
}

// leave reports the last results and makes the process unknown to the store.
func (c *class) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fallback == nil {
		s := c.newStep(c.pacer.now())
		s.Leave = true
		_, _ = c.ask(context.Background(), s, c.pacer.storeTimeout)
	}
}

// ask runs a step and learns what the reply contains, or falls back. It unlocks c.mu
// meanwhile.
func (c *class) ask(ctx context.Context, s step, timeout time.Duration) (reply, error) {
	c.mu.Unlock()
	r, err := c.exchange(ctx, s, timeout)
	c.mu.Lock()
	now := c.pacer.now()
	if err != nil {
		c.fallBack(now)
		return r, err
	}
	c.fallback = nil
	if r.state == stateRestore {
		c.mustRestore = true
		return r, nil
	}
	c.mustRestore = c.mustRestore && s.Restore == nil
	c.reports = c.reports[len(s.Reports):]
	c.epoch, c.seq, c.processes = r.epoch, r.seq, r.processes
	c.learned = backoff.Quota{N: r.learnedN, Per: r.learnedPer}
	c.stats_.LearnedQuota = c.learned
	c.rank, c.clock = r.rank, r.clock
	c.lastContact = now
	return r, nil
}

// result is what became of a step.
type result struct {
	reply reply
	err   error
}

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
	done := make(chan result, 1)
	c.pacer.running.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, max(timeout, lateTimeout))
		defer cancel()
		r, err := c.pacer.ask(ctx, c.keys, s)
		done <- result{r, err}
	})
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
