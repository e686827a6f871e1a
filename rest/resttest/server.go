package resttest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// Server serves a fake provider in memory or over loopback, records what it
// receives and fails on demand. It is an [http.Handler], for use in any server,
// and an [http.RoundTripper], for use without one. It is safe for concurrent
// use.
//
// Every request passes the faults given to [Server.Fail] before it reaches the
// fake. The fake's answer is collected whole before it is sent.
type Server struct {
	// URL is the origin of the server, without a slash at its end:
	// https://<random>.<name>.test in memory, http://127.0.0.1:<port> after
	// Start. No two servers share one.
	URL string

	handler       http.Handler
	pipeTransport *http.Transport
	loopback      *httptest.Server
	closed        atomic.Bool

	faults  faultList
	records recorder
}

// NewServer returns a server for handler, ready for use in memory. The name, a
// DNS label such as "partoo", becomes part of its URL.
func NewServer(name string, handler http.Handler) *Server {
	s := &Server{
		URL:     fmt.Sprintf("https://%08x.%s.test", rand.Uint32(), name),
		handler: handler,
	}
	s.pipeTransport = newMemory(s)
	return s
}

// Start opens a listener on loopback and sets URL to its address. It panics when
// the server is started already or closed. A started server must be closed. It
// does not go into a testing/synctest bubble: there, a wait for the network holds
// up the clock.
func (s *Server) Start() {
	if s.loopback != nil || s.closed.Load() {
		panic("resttest: Start of a server that is started or closed")
	}
	s.loopback = httptest.NewServer(s)
	s.URL = s.loopback.URL
}

// Close refuses further connections, in memory too. Over loopback it cuts the
// requests in flight and waits for their goroutines to end; in memory they end
// with their own contexts. Closing again does nothing.
func (s *Server) Close() {
	if s.closed.Swap(true) || s.loopback == nil {
		return
	}
	s.loopback.CloseClientConnections()
	s.loopback.Close()
}

// Client returns a client that reaches this server: in memory, or over loopback
// after Start.
func (s *Server) Client() *http.Client {
	if s.loopback != nil {
		return s.loopback.Client()
	}
	return &http.Client{Transport: s}
}

// ServeHTTP records the request, lets the next fault for it happen, if there is
// one, and has the fake answer otherwise. A cut connection is a panic with
// [http.ErrAbortHandler], as net/http wants it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r, body := readBody(r)
	fault, faulted := s.faults.next(r, body)
	entry := s.records.add(r, body, faulted)
	fault.serve(w, r, s.handler, func(status int) { s.records.setStatus(entry, status) })
}
