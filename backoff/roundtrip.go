package backoff

import "time"

const (
	leastGuard = int64(500 * time.Millisecond)
	mostGuard  = int64(2 * time.Second)
)

// roundTrip knows how long requests take, to tell when the server counted them.
type roundTrip struct {
	shortest int64 // of the answers over a connection that was there, 0 unknown
	samples  int   // answers that it is the shortest of
	mean     int64 // of the latest of them, without what was held up
	dialled  int64 // shortest of those over a new connection, which takes two trips or more
	idle     int   // connections at rest, as far as can be told
}

// send reports whether a connection was there for a request that leaves.
func (r *roundTrip) send() (warm bool) {
	if r.idle == 0 {
		return false
	}
	r.idle--
	return true
}

func (r *roundTrip) answer(t *turn, now int64) {
	r.idle++
	took := now - t.sent
	if !t.warm {
		if r.dialled == 0 || took < r.dialled {
			r.dialled = took
		}
		return
	}
	r.samples++
	if r.shortest == 0 || took < r.shortest {
		r.shortest = took
	}
	if r.samples > 1 {
		took = min(took, 2*r.mean)
	}
	r.mean += (took - r.mean) / int64(min(r.samples, 32))
}

// spread is by how much the requests' ways to the server differ, if they differ
// as much as the ways back. A few answers do not show all of it.
func (r *roundTrip) spread() int64 {
	spread := r.mean - r.shortest
	if r.samples < 32 {
		spread = max(spread, r.mean/4, r.dialled/8)
	}
	return spread
}

// late is by how much a request took longer to the server than most, by what its
// round trip took: half of what is too long, unless it is so much that it was
// held up on one of its ways.
func (r *roundTrip) late(took int64) int64 {
	late := took - r.mean
	if r.mean == 0 {
		return 0
	}
	if late > r.spread() {
		return late
	}
	return late / 2
}

// credit is what may be taken off the arrival of an answer. The server counted
// before it answered, and the next request takes time to arrive: together a
// round trip. The shortest seen may still be longer than the shortest there is,
// so a part is kept in hand, the larger the fewer have been seen; and the first
// few may all have been held up, so they are checked against those that dialled.
func (r *roundTrip) credit() int64 {
	switch {
	case r.samples < 4 && r.dialled > 0:
		return min(r.shortest, r.dialled/2) / 4 * 3
	case r.samples < 8:
		return r.shortest / 4 * 3
	case r.samples < 32:
		return r.shortest / 16 * 13
	}
	return r.shortest / 8 * 7
}

// guard is how long after it left a request can be counted: after it dialled and
// was lost once on its way.
func (r *roundTrip) guard() int64 {
	if r.shortest == 0 {
		return mostGuard
	}
	return min(max(leastGuard, 6*r.shortest), mostGuard)
}
