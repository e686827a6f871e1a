package rest_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// silentProxy is a TCP proxy that can stop forwarding on its open connections,
// without closing them, as a firewall does that has dropped its state.
type silentProxy struct {
	net.Listener
	mu     sync.Mutex
	muted  []*atomic.Bool // one for each connection
	dialed int
}

func newSilentProxy(t *testing.T, target string) *silentProxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &silentProxy{Listener: listener}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				return
			}
			muted := new(atomic.Bool)
			p.mu.Lock()
			p.muted, p.dialed = append(p.muted, muted), p.dialed+1
			p.mu.Unlock()
			conns.Go(func() { forward(server, client, muted) })
			conns.Go(func() { forward(client, server, muted) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		conns.Wait()
	})
	return p
}

// forward copies until one side is closed. It drops what it reads while muted.
func forward(to, from net.Conn, muted *atomic.Bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if muted.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// mute stops forwarding on all open connections. New connections work.
func (p *silentProxy) mute() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, muted := range p.muted {
		muted.Store(true)
	}
}

func (p *silentProxy) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dialed
}

// A dead HTTP/2 connection is replaced within one more attempt.
func TestDeadHTTP2ConnectionIsReplaced(t *testing.T) {
	var protocol atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		_, _ = io.WriteString(w, `{"id":7}`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	proxy := newSilentProxy(t, server.Listener.Addr().String())

	tr := rest.NewTransport()
	assert.LessOrEqual(t, tr.HTTP2.SendPingTimeout+tr.HTTP2.PingTimeout, 15*time.Second)
	assert.Less(t, tr.HTTP2.SendPingTimeout+tr.HTTP2.PingTimeout, rest.DefaultTimeout, "the first attempt notices it")
	tr.HTTP2.SendPingTimeout, tr.HTTP2.PingTimeout = 50*time.Millisecond, 50*time.Millisecond // to shorten the test
	tr.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	tr.TLSClientConfig.NextProtos = nil
	defer tr.CloseIdleConnections()
	base := "https://" + proxy.Addr().String()
	client, err := rest.NewClient(acme, testKey, rest.WithBaseURL(base), rest.WithHTTPClient(&http.Client{Transport: tr}),
		rest.WithRetry(backoff.Policy{Base: time.Millisecond, MaxAttempts: 2}))
	require.NoError(t, err)
	get := func() error {
		req, err := http.NewRequestWithContext(t.Context(), "GET", base+"/user", nil)
		require.NoError(t, err)
		_, err = rest.Decode[user](client.Do(req))
		return err
	}
	require.NoError(t, get())
	require.NoError(t, get())
	assert.Equal(t, "HTTP/2.0", protocol.Load())
	assert.Equal(t, 1, proxy.connections())
	proxy.mute()
	require.NoError(t, get())
	assert.Equal(t, 2, proxy.connections())
}

// dialCounter counts the connections that a server gets.
func dialCounter(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, connections func() int64) {
	var dialed atomic.Int64
	server = httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialed.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, dialed.Load
}

// getFrom sends one request with a new client, as a service does that has a key for
// each of its customers.
func getFrom(t *testing.T, server *httptest.Server, key int) {
	client, err := rest.NewClient(acme, fmt.Sprint("key-", key), rest.WithBaseURL(server.URL))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/user", nil)
	require.NoError(t, err)
	_, err = client.Do(req)
	assert.NoError(t, err)
}

func TestClientsShareConnections(t *testing.T) {
	server, connections := dialCounter(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":7}`) })
	for i := range 500 {
		getFrom(t, server, i)
	}
	assert.LessOrEqual(t, connections(), int64(8))
	before := connections()
	rest.CloseIdleConnections()
	getFrom(t, server, 0)
	assert.Equal(t, before+1, connections(), "the idle connections are closed")
}

// Connections in use are not limited: 100 keys with a request each in flight.
func TestConnectionsInUseAreNotLimited(t *testing.T) {
	const clients = 100
	var arrived sync.WaitGroup
	arrived.Add(clients)
	server, connections := dialCounter(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived.Done()
		arrived.Wait() // for the requests of all clients
		_, _ = io.WriteString(w, `{"id":7}`)
	})
	var calls sync.WaitGroup
	for i := range clients {
		calls.Go(func() { getFrom(t, server, i) })
	}
	calls.Wait()
	assert.Equal(t, int64(clients), connections())
}

func TestIdleConnectionsAreClosedBeforeServersCloseThem(t *testing.T) {
	tr := rest.NewTransport()
	assert.Positive(t, tr.IdleConnTimeout)
	assert.Less(t, tr.IdleConnTimeout, 5*time.Second, "the keep-alive timeout of Apache and Node.js")
	assert.Zero(t, tr.MaxConnsPerHost)
}

// pipes is a listener of in-memory connections.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// distantConn is the client's end of a connection to a distant server: it notices late
// that the server has closed the connection, and what it sends until then is lost.
type distantConn struct{ net.Conn }

func (c distantConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		time.Sleep(50 * time.Millisecond)
	}
	return n, err
}

func (c distantConn) Write(p []byte) (int, error) {
	if n, err := c.Conn.Write(p); !errors.Is(err, io.ErrClosedPipe) {
		return n, err
	}
	return len(p), nil
}

// A server that closes idle connections after 5 s loses no request, although requests
// are sent at the moment at which it closes them.
func TestNoRequestIsLostToClosingConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := make(pipes)
		server := &http.Server{IdleTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":7}`) })}
		done := make(chan error)
		go func() { done <- server.Serve(listener) }()
		tr := rest.NewTransport()
		tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			listener <- server
			return distantConn{client}, nil
		}
		client, err := rest.NewClient(acme, testKey, rest.WithBaseURL("http://127.0.0.1"), rest.WithHTTPClient(&http.Client{Transport: tr}), rest.WithQuotas())
		require.NoError(t, err)
		for i := range 200 {
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1/user", strings.NewReader("{}"))
			require.NoError(t, err)
			_, err = client.Do(req)
			require.NoError(t, err, i)
			time.Sleep(5*time.Second + 20*time.Millisecond)
		}
		tr.CloseIdleConnections()
		close(listener)
		require.ErrorIs(t, <-done, net.ErrClosed)
		require.NoError(t, server.Close())
	})
}

// A request that was never sent has certainly not been executed, so that even a
// create can be retried.
func TestExecutedIsNoForRequestsThatWereNotSent(t *testing.T) {
	noProxy := errors.New("no proxy today")
	failingProxy := rest.NewTransport()
	failingProxy.Proxy = func(*http.Request) (*url.URL, error) { return nil, noProxy }
	client, err := rest.NewClient(acme, testKey, rest.WithHTTPClient(&http.Client{Transport: failingProxy}), rest.WithRetry(backoff.Policy{MaxWait: 1}))
	require.NoError(t, err)
	_, err = client.Do(newRequest(t, t.Context(), "POST", "/user", "{}"))
	require.ErrorIs(t, err, noProxy)
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, rest.ExecutedNo, e.Executed)

	for name, value := range map[string]string{"X-Note": "two\nlines " + testKey, "X Note": "a", "X-Nul": "\x00", "": "a", "X-Ünicode": "a"} {
		sent := false
		client := newClient(t, func(*http.Request) (*http.Response, error) {
			sent = true
			return reply(200, "{}"), nil
		})
		body := &closing{Reader: strings.NewReader("{}")}
		req := newRequest(t, t.Context(), "POST", "/user", "")
		req.Header[name], req.Body = []string{value}, body
		_, err := client.Do(req)
		require.ErrorAs(t, err, &e)
		assert.False(t, sent)
		assert.True(t, body.closed.Load())
		assert.Equal(t, rest.ExecutedNo, e.Executed)
		assert.Zero(t, e.Attempts)
		assert.ErrorContains(t, err, "header")
		assert.NotContains(t, err.Error(), testKey)
	}
}

func TestUntrustedCertificateIsConfiguration(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	client, err := rest.NewClient(acme, testKey, rest.WithBaseURL(server.URL))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/user", nil)
	require.NoError(t, err)
	_, err = client.Do(req)
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	assert.True(t, ok)
	class, suspected := e.FailureClass()
	assert.Equal(t, "configuration", class)
	assert.True(t, suspected)
	assert.Equal(t, 1, e.Attempts)
}

// An HTTP proxy that wants credentials for a tunnel.
func TestProxyAuthenticationRequiredIsConfiguration(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	tr := rest.NewTransport()
	tr.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	client, err := rest.NewClient(acme, testKey, rest.WithHTTPClient(&http.Client{Transport: tr}), rest.WithRetry(backoff.Policy{MaxAttempts: 1}))
	require.NoError(t, err)
	_, err = client.Do(newRequest(t, t.Context(), "POST", "/user", "{}"))
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	class, suspected := e.FailureClass()
	assert.Equal(t, "configuration", class)
	assert.True(t, suspected)
	assert.Equal(t, rest.ExecutedNo, e.Executed)
}
