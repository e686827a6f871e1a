package upsert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/waitlimit"
)

const (
	maxSuspects = 20 // failures in a row that prove that the configuration is wrong
	maxFailures = 3  // failures of the service after which a user has failed
)

// run is one range over the sequence that All returns. The goroutine of the loop
// starts upserts and handles their results, and owns all fields. One goroutine reads
// users, and each worker is a goroutine that upserts them.
type run[T, R any] struct {
	options
	upsertFunc  func(context.Context, T) (R, error)
	keyFunc     func(T) string // nil: no user has a key
	contentFunc func(T) string // nil: the journal identifies users by position

	callerCtx context.Context
	ctx       context.Context // of the upserts
	cancel    context.CancelCauseFunc

	demand     chan struct{} // asks the reader for a user
	users      chan T        // closed when the input ends
	readCrash  *crash        // valid after users is closed
	reading    bool          // a user was asked for
	nextIndex  int
	inputEnded bool
	inputRead  bool // the input was read completely

	jobs     chan job[T]
	results  chan result[T, R]
	wg       sync.WaitGroup // of the workers
	started  int            // workers
	inFlight int            // upserts

	next         *job[T]             // read in advance
	ready        []job[T]            // to be started before next: retried users, and users whose wait for their key ended
	waitingByKey map[string][]job[T] // by the keys of users that are started, ready or next
	waiting      int

	order       int // users that were started
	successes   int
	lastSuccess time.Time
	lastOrder   int // highest order of a user that succeeded
	suspects    int // users that failed in a row as they would with a wrong configuration
	pause       pause

	reason    error         // why the run ends early
	tooLong   time.Duration // the wait that is the reason, if any
	cancelled error         // the first error of an upsert that was cancelled
	notSent   int
}

// job is a user that was read.
type job[T any] struct {
	index int
	user  T
	key   string
	entry Entry // identifies the user in the journal

	startedAt time.Time     // the current try
	isTry     bool          // it was started during a pause
	maxWait   time.Duration // of the current try
	paused    time.Duration // before the current try
	// failures are those of the service, one in each pause. pause is the number of
	// the last.
	failures, pause int
	// order counts the users that were started, up to this one. successesBefore is the
	// number of successes at that time.
	order, successesBefore int
}

// result is how the upsert of a user ended.
type result[T, R any] struct {
	job        job[T]
	result     R
	err        error
	cancelled  bool // err is of an upsert that was cancelled
	journalErr error
	crash      *crash
}

func newRun[T, R any](ctx context.Context, upsertFunc func(context.Context, T) (R, error), key, content func(T) string, o options) *run[T, R] {
	r := &run[T, R]{
		options:      o,
		upsertFunc:   upsertFunc,
		keyFunc:      key,
		contentFunc:  content,
		callerCtx:    ctx,
		demand:       make(chan struct{}, 1),
		users:        make(chan T),
		jobs:         make(chan job[T], o.workers),
		results:      make(chan result[T, R], o.workers),
		waitingByKey: map[string][]job[T]{},
	}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	return r
}

// work upserts users until there are no more.
func (r *run[T, R]) work() {
	defer r.wg.Done()
	for j := range r.jobs {
		res := result[T, R]{job: j}
		catch(func() {
			ctx := waitlimit.With(r.ctx, j.maxWait)
			if j.isTry {
				ctx = waitlimit.WithPause(ctx, j.paused)
			}
			res.result, res.err = r.upsertFunc(ctx, j.user)
			switch ended := r.ctx.Err(); {
			case res.err == nil:
			case errors.Is(res.err, context.Canceled) || ended != nil && errors.Is(res.err, ended):
				res.cancelled = true
			case ended != nil:
				res.cancelled, res.err = true, errors.Join(res.err, ended)
			}
			if res.err == nil || classify(res.err).class == classUser && !res.cancelled {
				res.journalErr = r.record(j, res.result, res.err)
			}
			r.results <- res
		}, func(c *crash) {
			r.results <- result[T, R]{job: j, crash: c}
		})
	}
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
		if r.inFlight == 0 && (r.reason != nil || r.inputEnded && r.next == nil && len(r.ready) == 0) {
			break
		}
		users, stopped, cancelled := r.users, r.stop.Done(), r.callerCtx.Done()
		if r.inputEnded {
			users = nil
		}
		if r.reason != nil {
			stopped, cancelled = nil, nil
		}
		select {
		case user, ok := <-users:
			if !r.receive(user, ok) {
				return
			}
		case res := <-r.results:
			if res.crash != nil {
				r.results <- res // for shutdown
				return
			}
			item, ok := r.handle(res)
			r.start() // before the caller's code runs
			if ok && !yield(item) {
				return
			}
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

// start starts the upserts that may start now, and asks for the next user.
func (r *run[T, R]) start() {
	for r.reason == nil && r.inFlight < r.workers && r.pause.allowsStart() {
		j, ok := r.nextJob()
		if !ok {
			break
		}
		r.launch(j)
	}
	if r.reason == nil && r.next == nil && r.waiting < r.workers {
		r.ask()
	}
}

// nextJob returns the user to start next: one that is ready, or during a pause one
// that was not tried yet.
func (r *run[T, R]) nextJob() (j job[T], ok bool) {
	switch {
	case r.next != nil && (r.pause.on || len(r.ready) == 0):
		j, r.next = *r.next, nil
	case len(r.ready) > 0:
		j, r.ready = r.ready[0], r.ready[1:]
	default:
		return j, false
	}
	return j, true
}

func (r *run[T, R]) launch(j job[T]) {
	j.startedAt = time.Now()
	if j.order == 0 {
		r.order++
		j.order, j.successesBefore = r.order, r.successes
	}
	j.isTry, j.maxWait, j.paused = r.pause.on, r.maxOutage, 0
	if j.isTry {
		r.pause.trying = true
		j.paused = time.Since(r.pause.timed)
		j.maxWait = max(j.maxWait-time.Since(r.pause.since), 1)
	}
	r.inFlight++
	if r.started < r.inFlight {
		r.started++
		r.wg.Add(1)
		go r.work()
	}
	r.jobs <- j
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
	switch f := classify(err); {
	case err == nil:
		r.succeeded(j)
	case f.class == classConfiguration && (!f.suspected || r.successes == 0):
		r.end(err)
		r.cancel(err)
		r.notSent++
		return item, false
	case res.cancelled:
		r.cancelled = cmp.Or(r.cancelled, err)
		r.notSent++
	case f.class == classUser:
		r.suspect(f, err)
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
	r.lastSuccess, r.lastOrder = time.Now(), max(r.lastOrder, j.order)
	r.suspects = 0
	if r.pause.on && j.isTry {
		r.endPause()
	}
}

// suspect counts failures that a wrong configuration would cause for every user.
func (r *run[T, R]) suspect(f failure, err error) {
	if !f.suspected {
		return
	}
	if r.suspects++; r.suspects >= maxSuspects {
		err = fmt.Errorf("%d users in a row failed: %w", maxSuspects, err)
		r.end(err)
		r.cancel(err)
	}
}

// shutdown cancels what is in flight, waits until all goroutines have ended, and
// continues a crash of one of them.
func (r *run[T, R]) shutdown() {
	r.cancel(nil)
	close(r.demand)
	close(r.jobs)
	for range r.users {
	}
	r.wg.Wait()
	close(r.results)
	for res := range r.results {
		if res.crash != nil {
			res.crash.rethrow()
		}
	}
	if r.readCrash != nil {
		r.readCrash.rethrow()
	}
}
