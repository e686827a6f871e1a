// Package bodycheck checks in tests that response bodies are read and closed.
package bodycheck

import (
	"io"
	"net/http"
	"sync"
)

// earlyCloseLimit is how much of a body must be read before it may be closed early. That
// closes the connection, which is cheaper than reading the rest.
const earlyCloseLimit = 64 << 10

// T is the part of testing.TB that Transport uses; *rapid.T implements it too.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
}

// Transport returns a RoundTripper that sends through next. At the end of the test it reports
// every response body that was not closed, or was closed before its end, so that the
// connection cannot be reused. A body may be closed early after 64 KiB, or unread if its
// Content-Length exceeds that. The body of a 101 is the connection itself.
//
// The client must read bodies itself, as package rest does.
func Transport(t T, next http.RoundTripper) http.RoundTripper {
	tr := &transport{next: next, open: make(map[*body]bool)}
	t.Cleanup(func() {
		t.Helper()
		tr.report(t)
	})
	return tr
}

type transport struct {
	next http.RoundTripper

	mu       sync.Mutex
	open     map[*body]bool
	problems []string
}

func (tr *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := tr.next.RoundTrip(r)
	if err != nil || resp == nil || resp.Body == nil {
		return resp, err
	}
	name := r.Method + " " + r.URL.Path + ": " + resp.Status
	mayStop := resp.StatusCode == http.StatusSwitchingProtocols || resp.ContentLength > earlyCloseLimit
	b := &body{ReadCloser: resp.Body, transport: tr, name: name, mayCloseEarly: mayStop}
	// A copy, because some tests return the same response twice.
	watched := *resp
	watched.Body = b
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.open[b] = true
	return &watched, nil
}

func (tr *transport) report(t T) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for b := range tr.open {
		t.Errorf("bodycheck: %s: the body was not closed", b.name)
	}
	for _, problem := range tr.problems {
		t.Errorf("bodycheck: %s", problem)
	}
}

type body struct {
	io.ReadCloser
	transport     *transport
	name          string
	mayCloseEarly bool

	mu        sync.Mutex
	read      int
	readToEnd bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read += n
	b.readToEnd = b.readToEnd || err != nil
	return n, err
}

func (b *body) Close() error {
	b.mu.Lock()
	gaveUp := !b.readToEnd && !b.mayCloseEarly && b.read < earlyCloseLimit
	b.mu.Unlock()
	tr := b.transport
	tr.mu.Lock()
	if gaveUp && tr.open[b] {
		tr.problems = append(tr.problems, b.name+": the body was closed before its end")
	}
	delete(tr.open, b)
	tr.mu.Unlock()
	return b.ReadCloser.Close()
}
