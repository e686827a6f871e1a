package backoff

import "time"

const (
	minCountDelay = int64(500 * time.Millisecond)
	maxCountDelay = int64(2 * time.Second)
)

// rttStats knows how long requests take, to tell when the server counted them.
type rttStats struct {
	min        int64 // of the answers over a connection that was there, 0 unknown
	samples    int   // answers that it is the shortest of
	mean       int64 // of the latest of them, without what was held up
	minNewConn int64 // shortest of those over a new connection, which takes two trips or more
	idleConns  int   // connections at rest, as far as can be told
}

// takeIdleConn reports whether a connection was there for a request that leaves.
func (r *rttStats) takeIdleConn() (warm bool) {
	if r.idleConns == 0 {
		return false
	}
	r.idleConns--
	return true
}

func (r *rttStats) addSample(t *ticket, now int64) {
	r.idleConns++
	took := now - t.sent
	if !t.reusedConn {
		if r.minNewConn == 0 || took < r.minNewConn {
			r.minNewConn = took
		}
		return
	}
	r.samples++
	if r.min == 0 || took < r.min {
		r.min = took
	}
	if r.samples > 1 {
		took = min(took, 2*r.mean)
	}
	r.mean += (took - r.mean) / int64(min(r.samples, 32))
}

// jitter is by how much the requests' ways to the server differ, if they differ
// as much as the ways back. A few answers do not show all of it.
func (r *rttStats) jitter() int64 {
	spread := r.mean - r.min
	if r.samples < 32 {
		spread = max(spread, r.mean/4, r.minNewConn/8)
	}
	return spread
}

// excess is by how much a request took longer to the server than most, by what its
// round trip took: half of what is too long, unless it is so much that it was
// held up on one of its ways.
func (r *rttStats) excess(took int64) int64 {
	late := took - r.mean
	if r.mean == 0 {
		return 0
	}
	if late > r.jitter() {
		return late
	}
	return late / 2
}

// discount is what may be taken off the arrival of an answer. The server counted
// before it answered, and the next request takes time to arrive: together a
// round trip. The shortest seen may still be longer than the shortest there is,
// so a part is kept in hand, the larger the fewer have been seen; and the first
// few may all have been held up, so they are checked against those that dialled.
func (r *rttStats) discount() int64 {
	switch {
	case r.samples < 4 && r.minNewConn > 0:
		return min(r.min, r.minNewConn/2) / 4 * 3
	case r.samples < 8:
		return r.min / 4 * 3
	case r.samples < 32:
		return r.min / 16 * 13
	}
	return r.min / 8 * 7
}

// countDelay is how long after it left a request can be counted: after it dialled and
// was lost once on its way.
func (r *rttStats) countDelay() int64 {
	if r.min == 0 {
		return maxCountDelay
	}
	return min(max(minCountDelay, 6*r.min), maxCountDelay)
}
