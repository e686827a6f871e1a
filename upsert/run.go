package upsert

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
)

// run is one range over what All returns. One goroutine reads users; each user
// gets a goroutine of its own, which takes over the users waiting for it.
type run[T, R any] struct {
	do      func(context.Context, T) (R, error)
	key     func(T) string // nil: every user is like no other
	journal *Journal       // nil: none

	ctx    context.Context // the upserts' context
	cancel context.CancelFunc
	open   context.Context // ends with ctx, or when no more upserts are to begin
	stop   context.CancelFunc

	slots   chan struct{} // one element for each upsert that may begin
	room    chan struct{} // one element for each user that may wait
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
		slots:   make(chan struct{}, o.workers),
		room:    make(chan struct{}, o.workers),
		results: make(chan Item[T, R]),
		waiting: map[string][]job[T]{},
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.open, r.stop = context.WithCancel(r.ctx)
	for range o.workers {
		r.slots <- struct{}{}
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
	r.guard(func() {
		if !r.take(r.slots) || !r.take(r.room) {
			return
		}
		index := 0
		for user := range users {
			if !r.place(job[T]{index: index, user: user}) {
				return
			}
			index++
		}
	})
}

// place starts the upsert of a user, or has it wait for the one before it with
// the same key, and reports whether there is a place for the next.
func (r *run[T, R]) place(j job[T]) bool {
	if r.open.Err() != nil {
		return false
	}
	if r.key != nil {
		j.key = r.key(j.user)
	}
	if r.journal != nil && r.journal.has(j.index, j.key) {
		return true
	}
	if r.waits(j) {
		return r.take(r.room)
	}
	r.working.Add(1)
	go r.work(j)
	return r.take(r.slots)
}

// take takes an element from c, or reports false when no more upserts are to begin.
func (r *run[T, R]) take(c chan struct{}) bool {
	select {
	case <-c:
		return r.open.Err() == nil
	case <-r.open.Done():
		return false
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

// work upserts a user and then those that wait for it.
func (r *run[T, R]) work(j job[T]) {
	defer r.working.Done()
	r.guard(func() {
		for more := true; more && r.open.Err() == nil; {
			r.results <- r.upsert(j)
			if j, more = r.next(j.key); more {
				r.room <- struct{}{}
			}
		}
		r.slots <- struct{}{}
	})
}

func (r *run[T, R]) upsert(j job[T]) Item[T, R] {
	result, err := r.do(r.ctx, j.user)
	item := Item[T, R]{Index: j.index, User: j.user, Result: result, Err: err}
	if r.journal == nil || err != nil && r.ctx.Err() != nil {
		return item
	}
	if failed := r.journal.record(entryOf(j.index, j.key, result, err)); failed != nil {
		r.stop()
		item.Err = errors.Join(err, failed)
	}
	return item
}
