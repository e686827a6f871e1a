package upsert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/waitlimit"
)

const (
	maxSuspects = 20 // failures in a row that prove that the configuration is wrong
	maxFailures = 3  // failures of the service after which a user has failed
	// retryAttempts is the maximum number of attempts for a user that failed before. With
	// one worker the others wait meanwhile.
	retryAttempts = 3
)

// run is one range over the sequence that All returns. The goroutine of the loop
// starts upserts, handles their results, and owns all fields.
type run[T, R any] struct {
	options
	upsertFunc  func(context.Context, T) (R, error)
	keyFunc     func(T) string // nil: no user has a key
	contentFunc func(T) string // nil: the journal identifies users by position

	callerCtx context.Context
	ctx       context.Context // of the upserts
	cancel    context.CancelCauseFunc

	users      chan T // closed when the input ends, then nil
	results    chan result[T, R]
	crashes    chan *Panic
	done       chan struct{}  // closed when the loop has ended
	goroutines sync.WaitGroup // the reader and the upserts in flight

	inFlight     int // upserts
	nextIndex    int
	inputRead    bool                // the input was read completely
	ready        []job[T]            // users to retry, and users whose wait for their key ended
	waitingByKey map[string][]job[T] // by the keys of users that are in flight or ready
	waiting      int

	successes  int
	latestGood time.Time // the latest start of an upsert that succeeded
	suspects   int       // users that failed in a row as they would with a wrong configuration
	pause      pause

	reason    error // why the run ends early
	cancelled error // the first error of an upsert that was cancelled
	notSent   int
}

// job is a user that was read.
type job[T any] struct {
	index int
	user  T
	key   string
	entry Entry // identifies the user in the journal

	startedAt   time.Time // the current upsert
	isTry       bool      // it was started during a pause
	limits      *waitlimit.Call
	firstFailed time.Time // when the service first failed; zero: not yet
	failures    int       // of the service, that count
}

// result is how the upsert of a user ended.
type result[T, R any] struct {
	job        job[T]
	result     R
	err        error
	failure    failure // what err means
	cancelled  bool    // err is of an upsert that was cancelled
	journalErr error
}

// upsert upserts a user and records the result, unless the run may retry the user.
func (r *run[T, R]) upsert(j job[T]) result[T, R] {
	res := result[T, R]{job: j}
	res.result, res.err = r.upsertFunc(waitlimit.With(r.ctx, j.limits), j.user)
	switch ended := r.ctx.Err(); {
	case res.err == nil:
	case errors.Is(res.err, context.Canceled) || ended != nil && errors.Is(res.err, ended):
		res.cancelled = true
	case ended != nil:
		res.cancelled, res.err = true, errors.Join(res.err, ended)
	}
	res.failure = classify(res.err)
	if res.err == nil || res.failure.class == classUser && !res.cancelled {
		res.journalErr = r.record(j, res.result, res.err)
	}
	return res
}

func (r *run[T, R]) record(j job[T], res R, err error) error {
	if r.journal == nil {
		return nil
	}
	return r.journal.record(j.entry.withResult(res, err))
}

// loop runs until all users have succeeded or failed, or the run has ended early.
func (r *run[T, R]) loop(yield func(Item[T, R]) bool) {
	for {
		r.checkStopped()
		r.start()
		if r.inFlight == 0 && (r.reason != nil || r.users == nil && len(r.ready) == 0) {
			break
		}
		users, stopped, cancelled := r.users, r.stop.Done(), r.callerCtx.Done()
		if !r.canStart() || r.waiting >= r.workers {
			users = nil
		}
		if r.reason != nil {
			stopped, cancelled = nil, nil
		}
		select {
		case user, ok := <-users:
			if j, ok := r.receive(user, ok); ok {
				r.launch(j)
			}
		case res := <-r.results:
			item, ok := r.handle(res)
			r.start() // before the caller's code runs
			if ok && !yield(item) {
				return
			}
		case p := <-r.crashes:
			r.crashes <- p // for shutdown
			return
		case <-r.pause.timer:
			r.pause.timer = nil
		case <-stopped:
		case <-cancelled:
		}
	}
	r.yieldIncomplete(yield)
}

// checkStopped ends the run if the context of All or that of WithStop has ended.
func (r *run[T, R]) checkStopped() {
	for _, ctx := range []context.Context{r.callerCtx, r.stop} {
		if err := ctx.Err(); err != nil {
			if cause := context.Cause(ctx); !errors.Is(cause, err) {
				err = fmt.Errorf("%w: %w", err, cause)
			}
			r.end(err)
		}
	}
}

// end stops the run from starting users. If it is called again, the first reason stays.
func (r *run[T, R]) end(reason error) {
	if r.reason == nil {
		r.reason = reason
	}
}

// abort ends the run and cancels the upserts in flight.
func (r *run[T, R]) abort(reason error) {
	r.end(reason)
	r.cancel(reason)
}

func (r *run[T, R]) canStart() bool {
	return r.reason == nil && r.inFlight < r.workers && r.pause.allowsStart()
}

// start starts the upserts that may start now.
func (r *run[T, R]) start() {
	for r.canStart() {
		j, ok := r.nextJob()
		if !ok {
			return
		}
		r.launch(j)
	}
}

// nextJob returns the user to start next: one that is ready, or during a pause one
// that was not tried yet.
func (r *run[T, R]) nextJob() (j job[T], ok bool) {
	if r.waiting < r.workers && (r.pause.on || len(r.ready) == 0) {
		select {
		case user, ok := <-r.users:
			if j, ok := r.receive(user, ok); ok {
				return j, true
			}
		default:
		}
	}
	if len(r.ready) == 0 {
		return j, false
	}
	j, r.ready = r.ready[0], r.ready[1:]
	return j, true
}

func (r *run[T, R]) launch(j job[T]) {
	j.startedAt, j.isTry = time.Now(), r.pause.on
	j.limits = &waitlimit.Call{MaxWait: r.maxOutage}
	switch {
	case j.isTry:
		r.pause.trying = true
		j.limits = &waitlimit.Call{
			MaxWait:     max(r.maxOutage-time.Since(r.pause.since), 1),
			MaxAttempts: 1, // the pause is the wait between attempts
			Pause:       time.Since(r.pause.timed),
		}
	case j.failures > 0:
		j.limits.MaxAttempts = retryAttempts
	}
	r.inFlight++
	r.spawn(func() { r.results <- r.upsert(j) })
}

func (r *run[T, R]) spawn(f func()) {
	r.goroutines.Go(func() { catch(f, r.crashes) })
}

// handle decides what a result means for its user and for the run. ok is false if the
// user has neither succeeded nor failed.
func (r *run[T, R]) handle(res result[T, R]) (item Item[T, R], ok bool) {
	r.inFlight--
	j := res.job
	if j.isTry {
		r.pause.trying = false
	}
	err := res.err
	switch f := res.failure; {
	case err == nil:
		r.succeeded(j)
	case f.class == classConfiguration && (!f.suspected || r.successes == 0):
		r.abort(err)
		r.notSent++
		return item, false
	case res.cancelled:
		r.cancelled = cmp.Or(r.cancelled, err)
		r.notSent++
	case f.class == classUser && f.suspected:
		if r.suspects++; r.suspects >= maxSuspects {
			r.abort(fmt.Errorf("%d users in a row failed: %w", maxSuspects, err))
		}
	case f.class == classUser:
	case r.reason == nil && r.hasFailed(&j):
		res.journalErr = r.record(j, res.result, err)
	default:
		r.ready = append(r.ready, j)
		r.serviceFailed(j, err, f)
		return item, false
	}
	if res.journalErr != nil {
		r.end(res.journalErr)
		err = errors.Join(err, res.journalErr)
	}
	r.release(j.key)
	return Item[T, R]{Index: j.index, User: j.user, Result: res.result, Err: err}, true
}

func (r *run[T, R]) succeeded(j job[T]) {
	r.successes++
	if j.startedAt.After(r.latestGood) {
		r.latestGood = j.startedAt
	}
	r.suspects = 0
	if r.pause.on && j.isTry {
		r.endPause()
	}
}

// shutdown cancels what is in flight, waits until all goroutines have ended, and
// continues a crash of one of them.
func (r *run[T, R]) shutdown() {
	r.cancel(nil)
	close(r.done)
	r.goroutines.Wait()
	select {
	case p := <-r.crashes:
		if p == nil {
			runtime.Goexit()
		}
		panic(p)
	default:
	}
}
