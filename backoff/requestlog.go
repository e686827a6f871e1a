package backoff

import "slices"

// longAgo is earlier than any period before now.
const longAgo = -noDeadline / 2

// requestLog stores when the server counted the last requests, oldest first, but no more than
// the largest quota needs. Times are nanoseconds since the pacer was made.
type requestLog struct {
	times    []int64
	capacity int // maximum number of entries
}

// reserve makes the log store at least n requests from now on.
func (l *requestLog) reserve(n int) { l.capacity = max(l.capacity, n) }

// add inserts t in order. A full log drops its oldest entry.
func (l *requestLog) add(t int64) {
	l.times = append(l.times, t)
	for i := len(l.times) - 1; i > 0 && l.times[i-1] > t; i-- {
		l.times[i-1], l.times[i] = t, l.times[i-1]
	}
	l.times = l.times[max(0, len(l.times)-l.capacity):]
}

// remove deletes one entry at t, if it exists.
func (l *requestLog) remove(t int64) {
	if i, ok := slices.BinarySearch(l.times, t); ok {
		l.times = slices.Delete(l.times, i, i+1)
	}
}

// nthNewest returns the n-th newest entry, counting from 1, or longAgo if the log has fewer
// than n entries.
func (l *requestLog) nthNewest(n int) int64 {
	if n > len(l.times) {
		return longAgo
	}
	return l.times[len(l.times)-n]
}

// countAfter returns the number of entries later than t.
func (l *requestLog) countAfter(t int64) int {
	i, _ := slices.BinarySearch(l.times, t+1)
	return len(l.times) - i
}
