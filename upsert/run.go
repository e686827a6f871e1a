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
	do      func(context.Context, T) (R, error)
	key     func(T) string // nil: every user is like no other
	journal *Journal       // nil: none

	ctx    context.Context // the upserts' context
	cancel context.CancelFunc
	open   context.Context // ends with ctx, or when no more upserts are to begin
	stop   context.CancelFunc

	slots   chan chan job[T] // one element for each upsert that may begin: where a worker gets it, nil for a new one
	workers []chan job[T]    // those of the workers there are; the reader's alone
	room    chan struct{}    // one element for each user that may wait
	results chan Item[T, R]
	working sync.WaitGroup

	mu       sync.Mutex
	waiting  map[string][]job[T] // by the keys in flight
	panicked *Panic              // the first
	exited   bool                // a function of the caller called runtime.Goexit
}

type job[T any] struct {
	index int
	user  T
	key   string
}

func newRun[T, R any](ctx context.Context, do func(context.Context, T) (R, error), key func(T) string, o options) *run[T, R] {
	r := &run[T, R]{
		do:      do,
		key:     key,
		journal: o.journal,
		slots:   make(chan chan job[T], o.workers),
		room:    make(chan struct{}, o.workers),
		results: make(chan Item[T, R]),
		waiting: map[string][]job[T]{},
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.open, r.stop = context.WithCancel(r.ctx)
	for range o.workers {
		r.slots <- nil
		r.room <- struct{}{}
	}
	return r
}

// end cancels what is in flight, waits until it is over, and lets a panic
// continue here.
func (r *run[T, R]) end() {
	r.cancel()
	for range r.results {
	}
	switch {
	case r.panicked != nil:
		panic(r.panicked)
	case r.exited:
		runtime.Goexit()
	}
}

// read starts an upsert for each user and ends when all are over. It holds a slot
// and room for one more user whenever it asks for the next: a user that has been
// read can always be placed.
func (r *run[T, R]) read(users iter.Seq[T]) {
	defer close(r.results)
	defer r.working.Wait()
	defer r.dismiss()
	r.guard(func() {
		slot, ok := take(r, r.slots)
		if !ok || !r.hasRoom() {
			return
		}
		index := 0
		for user := range users {
			if slot, ok = r.place(job[T]{index: index, user: user}, slot); !ok {
				return
			}
			index++
		}
	})
}

// dismiss has the workers end when they have done what they were given.
func (r *run[T, R]) dismiss() {
	for _, worker := range r.workers {
		close(worker)
	}
}

// place gives a user to the worker of the slot, or has it wait for the one before it
// with the same key. It returns the slot for the next, and whether there is to be one.
func (r *run[T, R]) place(j job[T], slot chan job[T]) (chan job[T], bool) {
	if r.open.Err() != nil {
		return nil, false
	}
	if r.key != nil {
		j.key = r.key(j.user)
	}
	if r.journal != nil && r.journal.has(j.index, j.key) {
		return slot, true
	}
	if r.waits(j) {
		return slot, r.hasRoom()
	}
	if slot == nil {
		slot = make(chan job[T], 1)
		r.workers = append(r.workers, slot)
		r.working.Add(1)
		go r.worker(slot)
	}
	slot <- j
	return take(r, r.slots)
}

func (r *run[T, R]) hasRoom() bool {
	_, ok := take(r, r.room)
	return ok
}

// take takes an element from c, or reports false when no more upserts are to begin.
func take[T, R, E any](r *run[T, R], c chan E) (element E, ok bool) {
	select {
	case element = <-c:
		return element, r.open.Err() == nil
	case <-r.open.Done():
		return element, false
	}
}

// waits puts j behind the user with its key that is in flight. When there is
// none, it is j that the next ones wait for.
func (r *run[T, R]) waits(j job[T]) bool {
	if j.key == "" {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	queue, busy := r.waiting[j.key]
	if busy {
		queue = append(queue, j)
	}
	r.waiting[j.key] = queue
	return busy
}

// next returns the first user that waits for the one with this key.
func (r *run[T, R]) next(key string) (j job[T], ok bool) {
	if key == "" {
		return j, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	queue := r.waiting[key]
	if len(queue) == 0 {
		delete(r.waiting, key)
		return j, false
	}
	r.waiting[key] = queue[1:]
	return queue[0], true
}

// worker upserts the users that it is given, and offers its slot after each.
func (r *run[T, R]) worker(slot chan job[T]) {
	defer r.working.Done()
	r.guard(func() {
		for j := range slot {
			r.work(j)
			r.slots <- slot
		}
	})
}

// work upserts a user and then those that wait for it.
func (r *run[T, R]) work(j job[T]) {
	for more := true; more && r.open.Err() == nil; {
		r.results <- r.upsert(j)
		if j, more = r.next(j.key); more {
			r.room <- struct{}{}
		}
	}
}

func (r *run[T, R]) upsert(j job[T]) Item[T, R] {
	result, err := r.do(r.ctx, j.user)
	item := Item[T, R]{Index: j.index, User: j.user, Result: result, Err: err}
	if r.journal == nil || err != nil && (r.ctx.Err() != nil || errors.Is(err, context.Canceled)) {
		return item
	}
	if failed := r.journal.record(entryOf(j.index, j.key, result, err)); failed != nil {
		r.stop()
		item.Err = errors.Join(err, failed)
	}
	return item
}
