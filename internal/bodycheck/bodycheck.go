// Package bodycheck watches what becomes of the bodies of answers in tests.
package bodycheck

import (
	"io"
	"net/http"
	"sync"
)

// earlyCloseLimit is how much of a body must have been read before it may be given up:
// the connection is lost then, which is cheaper than the rest of the body.
const earlyCloseLimit = 64 << 10

// T is what is used of a test; that of package rapid has it too.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
}

// Transport returns a RoundTripper that sends through next and fails the test, at
// its end, for every answer whose body was not closed, or was given up before its
// end, so that its connection cannot be used again. A body may be given up after
// 64 KiB, or unread when more is announced. One that broke off has ended; the
// body of a 101 is the connection itself.
//
// The client that sends must read bodies itself, as package rest does, and not
// hand them out.
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
	// A copy: tests answer with the same response twice.
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
