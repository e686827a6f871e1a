package backoff

import "sort"

// requestLog stores when the server counted the last requests, oldest first, in a
// ring that never grows beyond the largest quota. Times are nanoseconds since the
// pacer was made.
type requestLog struct {
	ring     []int64
	first    int // index of the oldest
	count    int
	capacity int // maximum number of entries
}

// reserve makes the log store at least n requests from now on.
func (w *requestLog) reserve(n int) { w.capacity = max(w.capacity, n) }

// add inserts t in order. A full log drops its oldest entry.
func (w *requestLog) add(t int64) {
	if w.capacity == 0 {
		return
	}
	if w.count == len(w.ring) && !w.grow() {
		if t <= *w.entry(0) {
			return
		}
		w.first = (w.first + 1) % len(w.ring)
		w.count--
	}
	i := w.count
	w.count++
	for ; i > 0 && *w.entry(i - 1) > t; i-- {
		*w.entry(i) = *w.entry(i - 1)
	}
	*w.entry(i) = t
}

// remove deletes one entry at t, if it exists.
func (w *requestLog) remove(t int64) {
	i := sort.Search(w.count, func(i int) bool { return *w.entry(i) >= t })
	if i == w.count || *w.entry(i) != t {
		return
	}
	for ; i < w.count-1; i++ {
		*w.entry(i) = *w.entry(i + 1)
	}
	w.count--
}

// nthNewest returns the n-th newest entry, counting from 1. It reports false if the
// log has fewer than n entries.
func (w *requestLog) nthNewest(n int) (t int64, ok bool) {
	if n < 1 || n > w.count {
		return 0, false
	}
	return *w.entry(w.count - n), true
}

// countAfter returns the number of entries later than t.
func (w *requestLog) countAfter(t int64) int {
	return w.count - sort.Search(w.count, func(i int) bool { return *w.entry(i) > t })
}

func (w *requestLog) entry(i int) *int64 {
	i += w.first
	if i >= len(w.ring) {
		i -= len(w.ring)
	}
	return &w.ring[i]
}

// grow doubles the ring, up to capacity. It reports false at that limit.
func (w *requestLog) grow() bool {
	if len(w.ring) >= w.capacity {
		return false
	}
	ring := make([]int64, min(max(2*len(w.ring), 16), w.capacity))
	for i := range w.count {
		ring[i] = *w.entry(i)
	}
	w.ring, w.first = ring, 0
	return true
}
