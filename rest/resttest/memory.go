package resttest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// RoundTrip sends r to the server in memory: net/http's own client and server
// talk over a pipe, so that everything but the wire is real. A connection serves
// one request, and its goroutines end with the answer's body, which must be
// closed, or with the request's context. That makes it fit for testing/synctest,
// whether the server was made inside the bubble or not.
//
// A request for another origin than URL is an error: nothing a client sends may
// go astray.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if origin := r.URL.Scheme + "://" + r.URL.Host; origin != s.URL {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("resttest: request for %s has reached %s", origin, s.URL)
	}
	return s.pipeTransport.RoundTrip(r)
}

// newMemory returns a transport whose every connection leads to s. The pipes
// stand in for TLS too: the URLs in memory are https.
func newMemory(s *Server) *http.Transport {
	dial := func(context.Context, string, string) (net.Conn, error) {
		if s.closed.Load() {
			return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
		}
		client, server := net.Pipe()
		var http1 http.Protocols
		http1.SetHTTP1(true)
		// A server for each connection: one that is shared would tie the
		// synctest bubbles together that it is used from. Serve returns at
		// once and leaves a goroutine for the connection.
		_ = (&http.Server{Handler: s, Protocols: &http1}).Serve(&pipeListener{conn: server})
		return client, nil
	}
	return &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true}
}

// pipeListener accepts one connection.
type pipeListener struct{ conn net.Conn }

func (l *pipeListener) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, io.EOF
	}
	conn := l.conn
	l.conn = nil
	return conn, nil
}

func (l *pipeListener) Close() error   { return nil }
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
