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
	// maxLastUser is how long the only user that is left is tried if others succeeded
	// before it. An outage that begins with the last user looks the same.
	maxLastUser = 15 * time.Minute
)

// pause is the state of a run that waits for the service.
type pause struct {
	on     bool
	since  time.Time
	delay  time.Duration    // before the next try
	timer  <-chan time.Time // nil: a user may be tried
	timed  time.Time        // when timer was started
	trying bool             // a try is in flight
}

// allowsStart reports whether a user may start: always without a pause.
func (p *pause) allowsStart() bool { return !p.on || p.timer == nil && !p.trying }

// hasFailed counts a failure of the service and reports whether the user has failed. A
// failed try says nothing about its user, unless only users are left that have failed
// and another user succeeded meanwhile.
func (r *run[T, R]) hasFailed(j *job[T]) bool {
	if j.firstFailed.IsZero() {
		j.firstFailed = j.limits.FailedAt()
	}
	onlyFailed := r.onlyFailedLeft()
	if !j.isTry || onlyFailed && r.latestGood.After(j.firstFailed) {
		j.failures++
	}
	isLast := onlyFailed && len(r.ready) == 0 && r.successes > 0
	return j.failures >= maxFailures || isLast && r.pause.on && time.Since(r.pause.since) >= maxLastUser
}

// onlyFailedLeft reports whether all other users that are left have failed.
func (r *run[T, R]) onlyFailedLeft() bool {
	return r.inFlight == 0 && r.users == nil &&
		!slices.ContainsFunc(r.ready, func(j job[T]) bool { return j.firstFailed.IsZero() })
}

// endPause lets the run continue. If the first try failed, the service is the reason of
// the pause: what the users have failed with so far does not count.
func (r *run[T, R]) endPause() {
	if r.pause.delay > firstDelay {
		for i := range r.ready {
			r.ready[i].failures, r.ready[i].firstFailed = 0, time.Time{}
		}
	}
	r.log.Info("run resumed", "paused_for", time.Since(r.pause.since).Round(time.Millisecond))
	r.pause = pause{}
}

// serviceFailed pauses the run until the next try, or ends it if the service fails for
// too long.
func (r *run[T, R]) serviceFailed(j job[T], err error, f failure) {
	switch {
	case r.reason != nil:
		return
	case !r.pause.on:
		r.pause.on = true
		r.pause.delay, r.pause.since = firstDelay, j.startedAt
		if r.latestGood.After(j.startedAt) {
			r.pause.since = r.latestGood
		}
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
		r.end(fmt.Errorf("required wait of %v exceeds the limit of %v: %w", f.wait.Round(time.Second), r.maxOutage, err))
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
