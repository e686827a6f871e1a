package reliability

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

const concurrentCalls = 64

// loopback is a fake Partoo on a server that counts its connections.
type loopback struct {
	*partootest.Server
	url              string
	accepted, closed atomic.Int64
}

func newLoopback(t *testing.T) *loopback {
	t.Helper()
	l := &loopback{Server: partootest.NewServer()}
	server := httptest.NewUnstartedServer(l.Server.Server)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			l.accepted.Add(1)
		case http.StateClosed:
			l.closed.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	l.url = server.URL + "/v2"
	return l
}

// client returns a client with short waits.
func (l *loopback) client(t *testing.T, options ...rest.Option) *partoo.Client {
	t.Helper()
	all := append([]rest.Option{
		rest.WithBaseURL(l.url), rest.WithPacer(unpaced{}), rest.WithRetry(backoff.Policy{Base: time.Millisecond, Cap: 5 * time.Millisecond}),
	}, options...)
	client, err := partoo.New(partootest.Key, all...)
	require.NoError(t, err)
	return client
}

// ownClient returns an http.Client like that of package rest, whose connections a test can close.
func ownClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: concurrentCalls}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: idleCloser{bodycheck.Transport(t, transport), transport}}
}

// idleCloser is a transport that can close its idle connections.
type idleCloser struct {
	http.RoundTripper
	*http.Transport
}

func (c idleCloser) RoundTrip(r *http.Request) (*http.Response, error) {
	return c.RoundTripper.RoundTrip(r)
}

// concurrently makes n calls and returns their errors.
func concurrently(n int, call func(i int) error) []error {
	errs := make([]error, n)
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { errs[i] = call(i) })
	}
	calls.Wait()
	return errs
}

// gzipBomb returns 10 GiB of spaces in 10 MB.
func gzipBomb(t *testing.T) string {
	t.Helper()
	const member, members = 16 << 20, 640
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	require.NoError(t, err)
	_, err = zip.Write(bytes.Repeat([]byte(" "), member))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	return strings.Repeat(packed.String(), members)
}

// The memory per hostile response is bounded by the limit. A growing buffer exists twice
// for a moment, and garbage accumulates before a collection: four times the limit each.
func TestHostileResponsesUseBoundedMemory(t *testing.T) {
	const limit = 1 << 20
	zipped := http.Header{"Content-Encoding": {"gzip"}}
	tests := []struct {
		name   string
		fault  resttest.Fault
		want   error
		budget uint64
	}{
		{"responses, each endless", resttest.Fault{Status: 200, Body: "{", Size: 10 << 30}, rest.ErrTooLarge, 4 * limit},
		{"responses, each a gzip body of 10 GiB", resttest.Fault{Status: 200, Body: gzipBomb(t), Header: zipped}, rest.ErrTooLarge, 4 * limit},
		{"error responses, each endless", resttest.Fault{Status: 422, Body: `{"message":"no"}`, Size: 10 << 30}, rest.ErrInvalid, limit},
		{"error responses, each a gzip body of 10 GiB", resttest.Fault{Status: 422, Body: gzipBomb(t), Header: zipped}, rest.ErrInvalid, limit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLoopback(t)
			client := l.client(t, rest.WithResponseLimit(limit), rest.WithHTTPClient(ownClient(t)))
			l.Fail(tt.fault.Repeat(-1))
			peak := heapPeak(func() {
				for _, err := range concurrently(concurrentCalls, func(int) error {
					_, err := client.GetUser(t.Context(), "1")
					return err
				}) {
					assert.ErrorIs(t, err, tt.want)
				}
			})
			assert.Less(t, peak, concurrentCalls*tt.budget)
			figure(t, "64 concurrent "+tt.name+", limit 1 MiB", "peak of %.0f MiB more heap", float64(peak)/(1<<20))
		})
	}
}

// heapPeak returns the largest growth of the heap while f runs.
func heapPeak(f func()) uint64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, peak := heap(), uint64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, heap())
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return peak - min(peak, before)
}

// Connections are reused after every kind of error response. The client's own transport is tested.
func TestConnectionsAreReusedAfterErrorResponses(t *testing.T) {
	const calls = 100
	user := partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RolePublisher}
	errorResponses := []resttest.Fault{resttest.Throttle(""), resttest.HTML(429), resttest.Status(503), {Status: 429}, {Status: 429, Size: 60 << 10}}

	l := newLoopback(t)
	client := l.client(t)
	for i := range calls {
		l.Fail(errorResponses[i%len(errorResponses)])
		_, err := client.UpsertUser(t.Context(), user)
		require.NoError(t, err)
	}
	requests, rejected := len(l.Requests()), 0
	for _, r := range l.Requests() {
		if r.Status >= 400 {
			rejected++
		}
	}
	assert.GreaterOrEqual(t, rejected, calls)
	assert.EqualValues(t, 1, l.accepted.Load())
	figure(t, "connections reused after error responses, one caller", "%d requests, %d of them rejected, over %d connection", requests, rejected, l.accepted.Load())

	l = newLoopback(t)
	client = l.client(t)
	every := errorResponses[0].Repeat(-1)
	var n atomic.Int64
	every.Match = func(*http.Request) bool { return n.Add(1)%2 == 0 }
	l.Fail(every)
	for _, err := range concurrently(8, func(i int) error {
		for range calls {
			u := user
			u.Email = emailOf(i)
			if _, err := client.UpsertUser(t.Context(), u); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(t, err)
	}
	// While one is dialled, another may become idle: hence a few more than callers.
	assert.LessOrEqual(t, l.accepted.Load(), int64(16))
	figure(t, "connections reused after error responses, 8 callers", "%d requests over %d connections", len(l.Requests()), l.accepted.Load())
}

// After all calls, cancelled ones included, only idle connections remain, and
// CloseIdleConnections closes these.
func TestNoGoroutineOrConnectionLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	l := newLoopback(t)
	hc := ownClient(t)
	client := l.client(t, rest.WithHTTPClient(hc))
	faults := []resttest.Fault{
		{}, resttest.Throttle(""), resttest.LostResponse(), resttest.Reset(), resttest.TruncatedResponse(5), resttest.HTML(502),
		{Status: 200, Size: 1 << 30}, {Delay: time.Hour}, {ByteDelay: time.Hour},
	}
	for range 10 {
		for _, f := range faults {
			l.Fail(f.Repeat(concurrentCalls / 8))
		}
		concurrently(concurrentCalls, func(i int) error {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := client.UpsertUser(ctx, partoo.UserInput{Email: emailOf(i), FirstName: "Ada", LastName: "Lovelace"})
			return err
		})
		l.ClearFaults()
	}
	hc.CloseIdleConnections()
	assert.Eventually(t, func() bool { return l.closed.Load() == l.accepted.Load() }, 10*time.Second, 5*time.Millisecond,
		"open connections remain")
	// The server's, which accepts connections, and those of Eventually.
	const ownGoroutines = 3
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+ownGoroutines }, 10*time.Second, 5*time.Millisecond,
		fmt.Sprintf("goroutines remain: %d before", before))
	figure(t, "640 calls with faults of every kind, cancelled after 50 ms: connections and goroutines left", "%d of %d, %d",
		l.accepted.Load()-l.closed.Load(), l.accepted.Load(), max(0, runtime.NumGoroutine()-before-ownGoroutines))
}
