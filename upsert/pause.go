package upsert

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	firstDelay = time.Second
	maxDelay   = 30 * time.Second
	// minLateDelay is the minimum after maxDelay was reached. Later delays are random, so
	// that a service that works for a few seconds every 30 s is not tried between them.
	minLateDelay = 24 * time.Second
	// maxUnknownHost is how long an unknown host is a failure of the service before
	// any user succeeded.
	maxUnknownHost = time.Minute
)

// pause is the state of a run that waits for the service.
type pause struct {
	number int // of the current pause, or the last
	on     bool
	since  time.Time
	delay  time.Duration    // before the next try
	timer  <-chan time.Time // nil: a user may be tried
	timed  time.Time        // when timer was started
	trying bool             // a try is in flight
}

// allowsStart reports whether a user may start: always without a pause.
func (p *pause) allowsStart() bool { return !p.on || p.timer == nil && !p.trying }

// hasFailed counts a failure of the service and reports whether the user has failed:
// in three pauses, or three times if no other user is left that could end the pause.
func (r *run[T, R]) hasFailed(j *job[T]) bool {
	number := r.pause.number
	if !r.pause.on {
		number++ // the one that begins now
	}
	if j.failures == 0 || j.pause != number || r.onlyFailedLeft() && r.othersSucceeded(j) {
		j.failures++
	}
	j.pause = number
	return j.failures >= maxFailures
}

// endPause lets the run continue. If the first try failed, the service is the reason of
// the pause, and the failures in it do not count.
func (r *run[T, R]) endPause() {
	if r.pause.delay > firstDelay {
		for i := range r.ready {
			if j := &r.ready[i]; j.pause == r.pause.number {
				j.failures--
			}
		}
	}
	r.log.Info("run resumed", "paused_for", time.Since(r.pause.since).Round(time.Millisecond))
	r.pause = pause{number: r.pause.number}
}

// onlyFailedLeft reports whether all users that are left have failed before.
func (r *run[T, R]) onlyFailedLeft() bool {
	return r.inFlight == 0 && r.next == nil && r.inputEnded &&
		!slices.ContainsFunc(r.ready, func(j job[T]) bool { return j.failures == 0 })
}

// othersSucceeded reports whether a user that was started later has succeeded. If j is
// the only user left, a success after its start is enough.
func (r *run[T, R]) othersSucceeded(j *job[T]) bool {
	return r.lastOrder > j.order || len(r.ready) == 0 && r.successes > j.successesBefore
}

// serviceFailed pauses the run until the next try, or ends it if the service fails for
// too long.
func (r *run[T, R]) serviceFailed(j job[T], err error, f failure) {
	switch {
	case r.reason != nil:
		if r.tooLong > 0 && f.wait > r.tooLong { // the pacer's wait is shorter than the server's
			r.endForWait(f.wait, err)
		}
		return
	case !r.pause.on:
		r.pause.on = true
		r.pause.number++
		r.pause.since = j.startedAt
		if r.lastSuccess.After(r.pause.since) {
			r.pause.since = r.lastSuccess
		}
		r.pause.delay = firstDelay
	case j.isTry:
		if r.pause.delay < minLateDelay {
			r.pause.delay = min(2*r.pause.delay, maxDelay)
		} else {
			r.pause.delay = minLateDelay + rand.N(maxDelay-minLateDelay)
		}
	default:
		return // it was in flight when the pause began
	}
	pausedFor := time.Since(r.pause.since)
	left := r.maxOutage - pausedFor
	delay := max(f.wait, min(r.pause.delay, left))
	deadline, hasDeadline := r.callerCtx.Deadline()
	switch {
	case f.suspected && r.successes == 0 && pausedFor >= maxUnknownHost:
		r.end(err)
	case f.wait > r.maxOutage:
		r.endForWait(f.wait, err)
	case left <= 0:
		r.end(fmt.Errorf("service failed for longer than %v: %w", r.maxOutage, err))
	case f.wait > left:
		r.end(fmt.Errorf("service failed for %v, and the required wait of %v exceeds what is left of the limit of %v: %w",
			pausedFor.Round(time.Second), f.wait.Round(time.Second), r.maxOutage, err))
	case hasDeadline && time.Until(deadline) <= delay:
		r.end(fmt.Errorf("next try in %v is after the deadline: %w: %w", delay.Round(time.Millisecond), context.DeadlineExceeded, err))
	default:
		r.pause.timer, r.pause.timed = time.After(delay), time.Now()
		r.log.Warn("run paused: service failed", "next_try_in", delay.Round(time.Millisecond), "paused_for", pausedFor.Round(time.Millisecond), "error", err)
	}
}

// endForWait ends the run because of a wait that exceeds the limit.
func (r *run[T, R]) endForWait(wait time.Duration, err error) {
	r.tooLong = wait
	r.reason = fmt.Errorf("required wait of %v exceeds the limit of %v: %w", wait.Round(time.Second), r.maxOutage, err)
}
