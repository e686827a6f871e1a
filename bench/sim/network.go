package sim

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Network is an http.RoundTripper with a server behind it, in virtual time.
type Network struct {
	Server     Server
	RetryAfter RetryAfterFunc
	// RTT is the average round trip; a fifth of it is jitter. One request in a
	// hundred is delayed by three round trips, on its way there or back. A new
	// connection costs 1.2 round trips, and is closed after 15 s without use.
	RTT time.Duration
	// Status of rejected requests, 0 for 429.
	Status int
	// Hold is how long the server works on an accepted request.
	Hold time.Duration
	// Queue delays one request in ten by up to Queue before the server counts it.
	Queue time.Duration

	mu          sync.Mutex
	start       time.Time
	random      *rand.Rand
	idle        []time.Time
	Accepted    []time.Duration
	RateLimited []time.Duration
}

// NewNetwork starts a job now.
func NewNetwork(s Server, retryAfter RetryAfterFunc, rtt time.Duration, seed uint64) *Network {
	return &Network{Server: s, RetryAfter: retryAfter, RTT: rtt, start: time.Now(), random: rand.New(rand.NewPCG(seed, 1))}
}

func (n *Network) dial(now time.Time) (cost time.Duration) {
	for len(n.idle) > 0 {
		last := n.idle[len(n.idle)-1]
		n.idle = n.idle[:len(n.idle)-1]
		if now.Sub(last) < 15*time.Second {
			return 0
		}
	}
	return n.RTT * 12 / 10
}

func (n *Network) latency() (there, back time.Duration) {
	one := func() time.Duration { return n.RTT*4/10 + time.Duration(n.random.Int64N(int64(n.RTT)*2/10+1)) }
	there, back = one(), one()
	switch n.random.IntN(200) {
	case 0:
		there += 3 * n.RTT
	case 1:
		back += 3 * n.RTT
	}
	if n.Queue > 0 && n.random.IntN(10) == 0 {
		there += time.Duration(n.random.Int64N(int64(n.Queue)))
	}
	return there, back
}

// RoundTrip implements http.RoundTripper.
func (n *Network) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := time.Since(n.start)
	n.mu.Lock()
	there, back := n.latency()
	there += n.dial(time.Now())
	n.mu.Unlock()
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	if err := sleep(r.Context(), there); err != nil {
		return nil, err
	}
	n.mu.Lock()
	now := time.Since(n.start)
	status, header := http.StatusCreated, http.Header{"Content-Type": {"application/json"}}
	allowed := n.Server.Allow(now)
	if allowed {
		n.Accepted = append(n.Accepted, now)
		back += n.Hold
		if d, ok := n.Server.(interface {
			Delay(now time.Duration) time.Duration
		}); ok {
			back += d.Delay(now)
		}
	} else {
		n.RateLimited = append(n.RateLimited, now)
		if status = n.Status; status == 0 {
			status = http.StatusTooManyRequests
		}
		if seconds := n.RetryAfter(now, n.Server.NextFree(now)); seconds >= 0 {
			header.Set("Retry-After", strconv.FormatFloat(seconds, 'f', -1, 64))
		}
	}
	n.mu.Unlock()
	if err := sleep(r.Context(), back); err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.idle = append(n.idle, time.Now())
	recordAttempt(r, attempt{sent, time.Since(n.start)}, !allowed)
	n.mu.Unlock()
	return &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader([]byte(`{"id":1}`))), ContentLength: 8,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
	}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Seed returns a number drawn from the network's own randomness, for clients that
// must be repeatable.
func (n *Network) Seed() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.random.Uint64()
}
