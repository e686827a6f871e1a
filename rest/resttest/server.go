// Package resttest contains what the fake providers of usersync share, similar to
// net/http/httptest. A fake is an http.Handler. [Server] serves it in memory or over
// loopback, records the requests and fails on demand:
//
//	server := resttest.NewServer("acme", fake, "X-Acme-Key")
//	server.Fail(resttest.Throttle("60"), resttest.LostResponse().On("POST /user"))
//	client, err := rest.NewClient(acme, key, rest.WithBaseURL(server.URL), rest.WithHTTPClient(server.Client()))
//
// Tests of services use the fakes identifaitest, partootest and usercomtest. Each has the
// methods of a Server.
package resttest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing/iotest"
	"time"
)

// Server serves a fake provider in memory or over loopback, records the requests and
// fails on demand. It is an [http.Handler], for use in any server, and an
// [http.RoundTripper], for use without one. It is safe for concurrent use.
//
// The faults of [Server.Fail] apply before the fake gets a request. The response of
// the fake is complete before it is sent.
type Server struct {
	// URL is the server's own origin, without a slash at its end:
	// https://<random>.<name>.test in memory, http://127.0.0.1:<port> after Start.
	URL string

	handler       http.Handler
	keyHeaders    []string
	pipeTransport *http.Transport
	loopback      *httptest.Server
	closed        atomic.Bool

	// Two locks, so that a Match may call Requests.
	faultsLock, requestsLock sync.Mutex
	faults                   []Fault
	requests                 []*Request
}

// Window is a quota of a fake: at most Limit requests in a period of Every.
type Window struct {
	Limit int
	Every time.Duration
}

// NewServer returns a server of handler that can be used in memory. name, a DNS label
// such as "partoo", becomes part of its URL. The values of the keyHeaders and of the
// headers for credentials in HTTP, such as Authorization, are not recorded.
func NewServer(name string, handler http.Handler, keyHeaders ...string) *Server {
	s := &Server{
		URL:        fmt.Sprintf("https://%08x.%s.test", rand.Uint32(), name),
		handler:    handler,
		keyHeaders: append(keyHeaders, "Authorization", "Cookie", "Proxy-Authorization"),
	}
	s.pipeTransport = newMemory(s)
	return s
}

// Start listens on loopback and sets URL to its address. It panics if the server is
// already started or closed. A started server must be closed. It cannot be used in a
// testing/synctest bubble, where waiting for the network stops the clock.
func (s *Server) Start() {
	if s.loopback != nil || s.closed.Load() {
		panic("resttest: Start of a server that is started or closed")
	}
	s.loopback = httptest.NewServer(s)
	s.URL = s.loopback.URL
}

// Close rejects further connections, also in memory. Over loopback it cuts the
// requests in flight and waits for their goroutines; in memory they end with their
// own contexts. Further calls do nothing.
func (s *Server) Close() {
	if s.closed.Swap(true) || s.loopback == nil {
		return
	}
	s.loopback.CloseClientConnections()
	s.loopback.Close()
}

// Client returns a client of this server: in memory, or over loopback after Start.
func (s *Server) Client() *http.Client {
	if s.loopback != nil {
		return s.loopback.Client()
	}
	return &http.Client{Transport: s}
}

// ServeHTTP records the request and responds as its fault says, or as the fake does.
// To cut the connection it panics with [http.ErrAbortHandler], as net/http requires.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := readBody(r)
	fault, faulted := s.nextFault(r, body)
	entry := s.record(r, body, faulted)
	fault.serve(w, r, s.handler, func(status int) {
		s.requestsLock.Lock()
		defer s.requestsLock.Unlock()
		entry.Status = status
	})
}

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
	entry := &Request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: header, Body: body, Faulted: faulted}
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
