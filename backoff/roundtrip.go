package backoff

// countDelay is how long after it was sent a request is certainly counted, with or
// without a response: it dialled, was lost once, and waited in the server's queue.
const countDelay = 2 * second

// rttStats measures round trips, to tell when the server counted a request.
type rttStats struct {
	min       int64 // of the responses over an existing connection
	mean      int64 // of the same, without delayed ones
	samples   int
	idleConns int // estimate
}

// takeIdleConn reports whether a connection is idle for a request that is being sent.
func (r *rttStats) takeIdleConn() bool {
	if r.idleConns == 0 {
		return false
	}
	r.idleConns--
	return true
}

func (r *rttStats) addSample(req *request, now int64) {
	r.idleConns++
	took := now - req.sent
	if !req.reusedConn {
		return
	}
	r.samples++
	if r.samples == 1 {
		r.min, r.mean = took, took
	}
	r.min = min(r.min, took)
	r.mean += (min(took, 2*r.mean) - r.mean) / int64(min(r.samples, 32))
}

// discount is what may be subtracted from the arrival of a response to get the time
// when the server counted. The server counted before it responded, and the next
// request takes time to arrive: together a round trip. The shortest round trip
// possible may be shorter than the shortest seen, so a part is kept as a margin,
// and the first may have been delayed.
func (r *rttStats) discount() int64 {
	switch {
	case r.samples < 2:
		return 0
	case r.samples < 8:
		return r.min / 2
	}
	return r.min / 4 * 3
}
