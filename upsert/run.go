package upsert

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
)

// run is one range over what All returns. One goroutine reads users; the workers,
// started as they are needed, take them, and those that wait for them. They stay: a
// new goroutine for each user would have to grow its stack each time.
type run[T, R any] struct {
	upsertFunc func(context.Context, T) (R, error)
	key        func(T) string // nil: every user is like no other
	journal    *Journal       // nil: none

	ctx           context.Context // the upserts' context
	cancel        context.CancelFunc
	acceptCtx     context.Context // ends with ctx, or when no more upserts are to begin
	stopAccepting context.CancelFunc

	idleWorkers chan chan job[T] // one element for each upsert that may begin: where a worker gets it, nil for a new one
	workers     []chan job[T]    // those of the workers there are; the reader's alone
	waitSlots   chan struct{}    // one element for each user that may wait
	results     chan Item[T, R]
	wg          sync.WaitGroup

	mu           sync.Mutex
	waitingByKey map[string][]job[T] // by the keys in flight
	panicked     *Panic              // the first
	goexited     bool                // a function of the caller called runtime.Goexit
}

type job[T any] struct {
	index int
	user  T
	key   string
}

func newRun[T, R any](ctx context.Context, do func(context.Context, T) (R, error), key func(T) string, o options) *run[T, R] {
	r := &run[T, R]{
		upsertFunc:   do,
		key:          key,
		journal:      o.journal,
		idleWorkers:  make(chan chan job[T], o.workers),
		waitSlots:    make(chan struct{}, o.workers),
		results:      make(chan Item[T, R]),
		waitingByKey: map[string][]job[T]{},
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.acceptCtx, r.stopAccepting = context.WithCancel(r.ctx)
	for range o.workers {
		r.idleWorkers <- nil
		r.waitSlots <- struct{}{}
	}
	return r
}

// shutdown cancels what is in flight, waits until it is over, and lets a panic
// continue here.
func (r *run[T, R]) shutdown() {
	r.cancel()
	for range r.results {
	}
	switch {
	case r.panicked != nil:
		panic(r.panicked)
	case r.goexited:
		runtime.Goexit()
	}
}

// readUsers starts an upsert for each user and ends when all are over. It holds a slot
// and room for one more user whenever it asks for the next: a user that has been
// read can always be placed.
func (r *run[T, R]) readUsers(users iter.Seq[T]) {
	defer close(r.results)
	defer r.wg.Wait()
	defer r.closeWorkers()
	r.recoverPanic(func() {
		slot, ok := receive(r, r.idleWorkers)
		if !ok || !r.takeWaitSlot() {
			return
		}
		index := 0
		for user := range users {
			if slot, ok = r.dispatch(job[T]{index: index, user: user}, slot); !ok {
				return
			}
			index++
		}
	})
}

// closeWorkers has the workers end when they have done what they were given.
func (r *run[T, R]) closeWorkers() {
	for _, worker := range r.workers {
		close(worker)
	}
}

// dispatch gives a user to the worker of the slot, or has it wait for the one before it
// with the same key. It returns the slot for the next, and whether there is to be one.
func (r *run[T, R]) dispatch(j job[T], slot chan job[T]) (chan job[T], bool) {
	if r.acceptCtx.Err() != nil {
		return nil, false
	}
	if r.key != nil {
		j.key = r.key(j.user)
	}
	if r.journal != nil && r.journal.has(j.index, j.key) {
		return slot, true
	}
	if r.waitBehind(j) {
		return slot, r.takeWaitSlot()
	}
	if slot == nil {
		slot = make(chan job[T], 1)
		r.workers = append(r.workers, slot)
		r.wg.Add(1)
		go r.worker(slot)
	}
	slot <- j
	return receive(r, r.idleWorkers)
}

func (r *run[T, R]) takeWaitSlot() bool {
	_, ok := receive(r, r.waitSlots)
	return ok
}

// receive takes an element from c, or reports false when no more upserts are to begin.
func receive[T, R, E any](r *run[T, R], c chan E) (element E, ok bool) {
	select {
	case element = <-c:
		return element, r.acceptCtx.Err() == nil
	case <-r.acceptCtx.Done():
		return element, false
	}
}

// waitBehind puts j behind the user with its key that is in flight. When there is
// none, it is j that the next ones wait for.
func (r *run[T, R]) waitBehind(j job[T]) bool {
	if j.key == "" {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	queue, busy := r.waitingByKey[j.key]
	if busy {
		queue = append(queue, j)
	}
	r.waitingByKey[j.key] = queue
	return busy
}

// nextWaiting returns the first user that waits for the one with this key.
func (r *run[T, R]) nextWaiting(key string) (j job[T], ok bool) {
	if key == "" {
		return j, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	queue := r.waitingByKey[key]
	if len(queue) == 0 {
		delete(r.waitingByKey, key)
		return j, false
	}
	r.waitingByKey[key] = queue[1:]
	return queue[0], true
}

// worker upserts the users that it is given, and offers its slot after each.
func (r *run[T, R]) worker(slot chan job[T]) {
	defer r.wg.Done()
	r.recoverPanic(func() {
		for j := range slot {
			r.process(j)
			r.idleWorkers <- slot
		}
	})
}

// process upserts a user and then those that wait for it.
func (r *run[T, R]) process(j job[T]) {
	for more := true; more && r.acceptCtx.Err() == nil; {
		r.results <- r.upsert(j)
		if j, more = r.nextWaiting(j.key); more {
			r.waitSlots <- struct{}{}
		}
	}
}

func (r *run[T, R]) upsert(j job[T]) Item[T, R] {
	result, err := r.upsertFunc(r.ctx, j.user)
	item := Item[T, R]{Index: j.index, User: j.user, Result: result, Err: err}
	if r.journal == nil || err != nil && (r.ctx.Err() != nil || errors.Is(err, context.Canceled)) {
		return item
	}
	if failed := r.journal.record(newEntry(j.index, j.key, result, err)); failed != nil {
		r.stopAccepting()
		item.Err = errors.Join(err, failed)
	}
	return item
}
