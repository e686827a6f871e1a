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
	tr := &transport{next: next, problems: make(map[*body]string)}
	t.Cleanup(func() {
		t.Helper()
		tr.mu.Lock()
		defer tr.mu.Unlock()
		for b, problem := range tr.problems {
			t.Errorf("bodycheck: %s: %s", b.name, problem)
		}
	})
	return tr
}

type transport struct {
	next http.RoundTripper

	mu       sync.Mutex
	problems map[*body]string // of the bodies that are open or were closed early
}

func (tr *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := tr.next.RoundTrip(r)
	if err != nil || resp == nil || resp.Body == nil {
		return resp, err
	}
	b := &body{
		ReadCloser: resp.Body, transport: tr, name: r.Method + " " + r.URL.Path + ": " + resp.Status,
		mayClose: resp.StatusCode == http.StatusSwitchingProtocols || resp.ContentLength > earlyCloseLimit,
	}
	watched := *resp // a copy, because some tests return the same response twice
	watched.Body = b
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.problems[b] = "the body was not closed"
	return &watched, nil
}

type body struct {
	io.ReadCloser
	transport *transport
	name      string

	read     int
	mayClose bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.transport.mu.Lock()
	defer b.transport.mu.Unlock()
	b.read += n
	b.mayClose = b.mayClose || err != nil || b.read >= earlyCloseLimit
	return n, err
}

func (b *body) Close() error {
	b.transport.mu.Lock()
	if b.mayClose {
		delete(b.transport.problems, b)
	} else {
		b.transport.problems[b] = "the body was closed before its end"
	}
	b.transport.mu.Unlock()
	return b.ReadCloser.Close()
}
