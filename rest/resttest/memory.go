package resttest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// RoundTrip sends r to the server in memory: the client and the server of net/http
// communicate over a pipe. A connection serves one request. Its goroutines end when
// the body of the response, which must be closed, or the context of the request ends.
// It therefore works with testing/synctest, also if the server was created outside of
// the bubble.
//
// A request for another origin than URL is an error, so that a test notices it.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if origin := r.URL.Scheme + "://" + r.URL.Host; origin != s.URL {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("resttest: request for %s has reached %s", origin, s.URL)
	}
	return s.pipeTransport.RoundTrip(r)
}

// newMemory returns a transport whose connections all lead to s. The pipes replace
// TLS too: the URLs in memory are https.
func newMemory(s *Server) *http.Transport {
	dial := func(context.Context, string, string) (net.Conn, error) {
		if s.closed.Load() {
			return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
		}
		client, server := net.Pipe()
		var http1 http.Protocols
		http1.SetHTTP1(true)
		// Each connection has a server of its own, because synctest bubbles must
		// not share one. Serve returns immediately and leaves a goroutine for the
		// connection.
		listener := make(pipeListener, 1)
		listener <- server
		close(listener)
		_ = (&http.Server{Handler: s, Protocols: &http1}).Serve(listener)
		return client, nil
	}
	return &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true}
}

// pipeListener accepts the connections in the channel.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	if conn, ok := <-l; ok {
		return conn, nil
	}
	return nil, io.EOF
}

func (l pipeListener) Close() error   { return nil }
func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Net: "pipe"} }
