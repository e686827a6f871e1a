package resttest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing/iotest"
)

const (
	// maxRequests is how many requests are kept, the latest ones, so that a load test
	// does not fill the memory.
	maxRequests = 10_000
	// maxBody is how much of a request body is kept.
	maxBody = 1 << 20
)

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
	s.requestsLock.Lock()
	defer s.requestsLock.Unlock()
	requests := make([]Request, len(s.requests))
	for i, r := range s.requests {
		requests[i] = *r
	}
	return requests
}

func (s *Server) record(r *http.Request, body []byte, faulted bool) *Request {
	header := r.Header.Clone()
	for _, name := range s.keyHeaders {
		if header.Get(name) != "" {
			header.Set(name, "[redacted]")
		}
	}
	entry := &Request{
		Method:  r.Method,
		Path:    r.URL.EscapedPath(),
		Query:   r.URL.Query(),
		Header:  header,
		Body:    body,
		Faulted: faulted,
	}
	s.requestsLock.Lock()
	defer s.requestsLock.Unlock()
	if len(s.requests) == maxRequests {
		s.requests = s.requests[1:]
	}
	s.requests = append(s.requests, entry)
	return entry
}

// readBody returns the recorded part of the body of r, which can then be read from its
// start. An error that ends the body early is repeated, because net/http returns it once.
func readBody(r *http.Request) []byte {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = iotest.ErrReader(err)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), r.Body}
	return body
}
