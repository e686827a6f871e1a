package backoff

import "sort"

// windowLog remembers when the server counted the last requests, oldest first,
// in a ring that never grows beyond what the largest quota needs. Times are
// nanoseconds since the lane began.
type windowLog struct {
	ring  []int64
	first int // index of the oldest
	count int
	keep  int // entries ever needed
}

// reserve makes the log remember at least n requests from now on.
func (w *windowLog) reserve(n int) { w.keep = max(w.keep, n) }

// add inserts t in order. The oldest entry makes room when the log is full.
func (w *windowLog) add(t int64) {
	if w.keep == 0 {
		return
	}
	if w.count == len(w.ring) && !w.grow() {
		if t <= *w.at(0) {
			return
		}
		w.first = (w.first + 1) % len(w.ring)
		w.count--
	}
	i := w.count
	w.count++
	for ; i > 0 && *w.at(i - 1) > t; i-- {
		*w.at(i) = *w.at(i - 1)
	}
	*w.at(i) = t
}

// remove takes out one entry at t, if there is one.
func (w *windowLog) remove(t int64) {
	i := sort.Search(w.count, func(i int) bool { return *w.at(i) >= t })
	if i == w.count || *w.at(i) != t {
		return
	}
	for ; i < w.count-1; i++ {
		*w.at(i) = *w.at(i + 1)
	}
	w.count--
}

// last returns the n-th youngest entry, counting from 1. There is none when
// fewer than n requests are remembered.
func (w *windowLog) last(n int) (t int64, ok bool) {
	if n < 1 || n > w.count {
		return 0, false
	}
	return *w.at(w.count - n), true
}

// since returns how many entries are younger than t.
func (w *windowLog) since(t int64) int {
	return w.count - sort.Search(w.count, func(i int) bool { return *w.at(i) > t })
}

func (w *windowLog) at(i int) *int64 {
	i += w.first
	if i >= len(w.ring) {
		i -= len(w.ring)
	}
	return &w.ring[i]
}

// grow doubles the ring, up to keep. It reports false at that limit.
func (w *windowLog) grow() bool {
	if len(w.ring) >= w.keep {
		return false
	}
	ring := make([]int64, min(max(2*len(w.ring), 16), w.keep))
	for i := range w.count {
		ring[i] = *w.at(i)
	}
	w.ring, w.first = ring, 0
	return true
}
