package resttest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"sync"
)

const (
	// maxRequests is how many requests are kept, the latest ones, so that a load test
	// does not fill the memory.
	maxRequests = 10_000
	// maxBody is how much of a request body is kept.
	maxBody = 1 << 20
)

// credentials are the headers whose values are not recorded.
var credentials = []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "X-Apikey"}

// Request is a request as the server received it.
type Request struct {
	Method string
	// Path is the escaped path, as sent.
	Path  string
	Query url.Values
	// Header contains "[redacted]" in place of credentials.
	Header http.Header
	// Body contains the first MiB of the body.
	Body []byte
	// Faulted is true if the request had a fault.
	Faulted bool
	// Status is the status of the response, 0 if there is none: the request is in
	// progress, or the connection was cut before.
	Status int
}

// Requests returns the latest 10,000 requests in the order of arrival.
func (s *Server) Requests() []Request {
	return s.records.all()
}

type recorder struct {
	mu   sync.Mutex
	list []*Request
}

func (l *recorder) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	requests := make([]Request, len(l.list))
	for i, r := range l.list {
		requests[i] = *r
	}
	return requests
}

func (l *recorder) add(r *http.Request, body []byte, faulted bool) *Request {
	entry := &Request{
		Method:  r.Method,
		Path:    r.URL.EscapedPath(),
		Query:   r.URL.Query(),
		Header:  r.Header.Clone(),
		Body:    body,
		Faulted: faulted,
	}
	for _, name := range credentials {
		if _, ok := entry.Header[name]; ok {
			entry.Header[name] = []string{"[redacted]"}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == maxRequests {
		l.list = l.list[1:]
	}
	l.list = append(l.list, entry)
	return entry
}

func (l *recorder) setStatus(entry *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Status = status
}

// readBody returns the recorded part of the body of r, and a copy of r whose body
// can be read from its start. An error that ends the body early is repeated when the
// copy is read, because net/http returns it once.
func readBody(r *http.Request) (*http.Request, []byte) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = errorReader{err}
	}
	unread := *r
	unread.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), r.Body}
	return &unread, body
}

type errorReader struct{ err error }

func (b errorReader) Read([]byte) (int, error) { return 0, b.err }
