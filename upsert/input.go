package upsert

import (
	"cmp"
	"iter"
	"time"
)

// Limits of counting the users that were not sent.
const (
	maxCounted   = 1_000_000
	maxCountTime = 100 * time.Millisecond
)

// readUsers sends the users, one after the other, until the loop has ended.
func (r *run[T, R]) readUsers(users iter.Seq[T]) {
	for user := range users {
		select {
		case r.users <- user:
		case <-r.done:
			return
		}
	}
	close(r.users)
}

// receive takes a user from the reader. It returns the user if it may start.
func (r *run[T, R]) receive(user T, ok bool) (j job[T], start bool) {
	if !ok {
		r.users = nil
		r.inputRead = r.callerCtx.Err() == nil && r.stop.Err() == nil // else it may have ended early
		return j, false
	}
	j = job[T]{index: r.nextIndex, user: user}
	r.nextIndex++
	if r.keyFunc != nil {
		j.key = r.keyFunc(user)
	}
	if r.journal != nil {
		content := ""
		if r.contentFunc != nil {
			content = r.contentFunc(user)
		}
		j.entry = newEntry(j.index, j.key, content)
	}
	queue, busy := r.waitingByKey[j.key]
	switch {
	case r.reason != nil:
		r.countNotSent(j)
		return j, false
	case busy:
		r.waitingByKey[j.key] = append(queue, j)
		r.waiting++
		return j, false
	case r.isRecorded(j):
		return j, false
	case j.key != "":
		r.waitingByKey[j.key] = nil
	}
	return j, true
}

func (r *run[T, R]) isRecorded(j job[T]) bool {
	return r.journal != nil && r.journal.has(j.entry)
}

func (r *run[T, R]) countNotSent(jobs ...job[T]) {
	for _, j := range jobs {
		if !r.isRecorded(j) {
			r.notSent++
		}
	}
}

// release lets the next user with this key start.
func (r *run[T, R]) release(key string) {
	for queue := r.waitingByKey[key]; len(queue) > 0; {
		j := queue[0]
		queue = queue[1:]
		r.waiting--
		if !r.isRecorded(j) {
			r.waitingByKey[key] = queue
			r.ready = append(r.ready, j)
			return
		}
	}
	delete(r.waitingByKey, key)
}

// yieldIncomplete yields an item with an IncompleteError if users were not sent.
func (r *run[T, R]) yieldIncomplete(yield func(Item[T, R]) bool) {
	r.countNotSent(r.ready...)
	for _, queue := range r.waitingByKey {
		r.countNotSent(queue...)
	}
	r.countRest()
	if r.notSent > 0 || !r.inputRead {
		err := &IncompleteError{Reason: cmp.Or(r.reason, r.cancelled), NotSent: r.notSent, atLeast: !r.inputRead}
		yield(Item[T, R]{Index: -1, Err: err})
	}
}

// countRest counts the rest of the input as not sent, up to maxCounted users and maxCountTime.
func (r *run[T, R]) countRest() {
	timeout := time.After(maxCountTime)
	for range maxCounted {
		if r.users == nil {
			return
		}
		select {
		case user, ok := <-r.users:
			r.receive(user, ok)
		case <-timeout:
			return
		}
	}
}
