package redispacer

import (
	"slices"
	"time"

	"github.com/usersync/usersync/backoff"
)

// probeTimes are the waits before the attempts that follow a 429 without
// Retry-After.
var probeTimes = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, 45 * time.Second}

// fallback limits the requests of this process while the store is unavailable: to
// its share of the quotas, after one longest window, because the other processes
// may just have used all of them.
type fallback struct {
	quotas    []backoff.Quota
	since     time.Time
	holdUntil time.Time
	nextTry   time.Time // of the store
	turns     *turns    // nil if every quota has room for each process

	closedUntil time.Time // after a 429
	rejections  int
	probe       *request
}

// fallBack notes that the store is unavailable.
func (c *class) fallBack(now time.Time) {
	if c.fallback != nil {
		c.fallback.nextTry = now.Add(retryStore)
		return
	}
	processes := max(c.processes, 1)
	if c.processes == 0 {
		processes = max(c.pacer.config.Share, 1)
	}
	set := c.set
	if c.learned.N > 0 {
		set.Quotas = append(slices.Clone(set.Quotas), c.learned)
	}
	f := &fallback{quotas: set.Share(processes).Quotas, since: now, nextTry: now.Add(retryStore)}
	if processes > 1 || c.lastContact.IsZero() {
		f.holdUntil = now.Add(c.keep())
		f.turns = c.newTurns(set.Quotas, processes)
	} // else this process knows of every request
	c.fallback = f
}

// turns divides time between processes when a quota has less than one request for
// each of them: process rank may send at the start of every processes-th slot,
// by the clock that the store had when it was last heard of.
type turns struct {
	slot      time.Duration
	rank      time.Duration
	processes time.Duration
	zero      time.Time // when the clock of the store was zero
}

// slotMargin keeps requests of two processes apart whose latencies differ.
const slotMargin = 50 * time.Millisecond

func (c *class) newTurns(quotas []backoff.Quota, processes int) *turns {
	slot := time.Duration(0)
	for _, q := range quotas {
		if q.N < processes {
			slot = max(slot, q.Per/time.Duration(q.N)*11/10+slotMargin)
		}
	}
	if slot == 0 || c.lastContact.IsZero() {
		return nil
	}
	t := &turns{slot: slot, rank: time.Duration(c.rank), processes: time.Duration(processes)}
	// Only the part within a round of all processes matters.
	t.zero = c.lastContact.Add(-(c.clock % (slot * t.processes)))
	return t
}

// next returns the start of the process's current slot if that has just started,
// otherwise of its next one.
func (t *turns) next(now time.Time) time.Time {
	round := t.slot * t.processes
	in := (now.Sub(t.zero) - t.rank*t.slot) % round
	if in < 0 {
		in += round
	}
	if in < t.slot/10 {
		return now
	}
	return now.Add(round - in)
}

// decideLocally permits the first request in the queue if this process may send
// it without asking. It returns how long to wait before the next decision.
func (c *class) decideLocally(now time.Time) time.Duration {
	if now.Sub(c.fallback.since) > silence { // before, the store may just be late
		position := 1
		for _, t := range slices.Clone(c.queue) {
			rejected := !t.deadline.IsZero() && !t.checked && c.checkDeadline(t, now, c.localWait(now, position))
			t.checked = true
			if !rejected {
				position++
			}
		}
	}
	if len(c.queue) == 0 {
		return 0
	}
	f := c.fallback
	retry := max(f.nextTry.Sub(now), time.Millisecond)
	if c.inFlight >= maxInFlight || f.probe != nil {
		return retry
	}
	if wait := c.localWait(now, 1); wait > 0 {
		c.stats_.NextAt = now.Add(wait)
		return min(wait, retry)
	}
	c.use(c.newID(), now, now, true)
	if r := c.requests[len(c.requests)-1]; f.rejections > 0 {
		f.probe = r
	}
	return 0
}

// localWait returns how long the request at a position of the queue must wait at
// least.
func (c *class) localWait(now time.Time, position int) time.Duration {
	f := c.fallback
	at := f.closedUntil
	if f.holdUntil.After(at) {
		at = f.holdUntil
	}
	for _, q := range f.quotas {
		if t := c.requests.earliest(q, position, now); t.After(at) {
			at = t
		}
	}
	if f.turns != nil {
		from := now
		if at.After(from) {
			from = at
		}
		at = f.turns.next(from)
	}
	return max(0, at.Sub(now))
}

// onResponse closes and opens the gate of the fallback.
func (f *fallback) onResponse(r *request, status int, retryAfter time.Duration, now time.Time) {
	probed := f.probe == r
	if probed {
		f.probe = nil
	}
	switch {
	case status == 429 || status == 503:
		if now.Before(f.closedUntil) && retryAfter == 0 {
			return
		}
		wait := retryAfter
		if wait == 0 {
			wait = probeTimes[min(f.rejections, len(probeTimes)-1)]
		}
		f.rejections++
		f.closedUntil = now.Add(wait)
	case status != 0 && (probed || f.rejections == 0):
		f.rejections, f.closedUntil = 0, time.Time{}
	}
}

// record is what this process has sent, in order.
type record []*request

// trim drops requests that no quota counts any more.
func (r *record) trim(now time.Time, keep time.Duration) {
	*r = slices.DeleteFunc(*r, func(q *request) bool { return !q.ended.IsZero() && now.Sub(q.ended) > keep })
}

func (r *record) remove(q *request) {
	if i := slices.Index(*r, q); i >= 0 {
		*r = slices.Delete(*r, i, i+1)
	}
}

// earliest returns a lower bound for the time at which quota allows the request
// at a position (from 1) of the queue, by the requests of this process alone. It
// is exact for the first one.
func (r record) earliest(quota backoff.Quota, position int, now time.Time) time.Time {
	times := make([]time.Time, 0, len(r)) // when each was counted, at the latest
	for _, q := range r {
		if q.ended.IsZero() {
			times = append(times, now)
		} else if now.Sub(q.ended) < quota.Per {
			times = append(times, q.ended)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	slices.Reverse(times)
	rank := quota.N - position + 1
	later := time.Duration(0)
	if rank < 1 {
		later = quota.Per * time.Duration((position-1)/quota.N)
		rank = quota.N - (position-1)%quota.N
	}
	if rank > len(times) {
		if later > 0 {
			return now.Add(later)
		}
		return time.Time{}
	}
	return times[rank-1].Add(quota.Per + later)
}

// entries describes the requests for a store that lost them. From then on the store
// knows them, so that their results are reported.
func (r record) entries(now time.Time) *[]entry {
	list := make([]entry, 0, len(r))
	for _, q := range r {
		q.local = false
		since := q.ended
		if since.IsZero() {
			since = q.sent
		}
		list = append(list, entry{ID: q.id, Age: max(0, now.Sub(since)).Microseconds(), InFlight: q.ended.IsZero()})
	}
	return &list
}
