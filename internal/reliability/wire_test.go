package reliability

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

// wire returns a transport to a handler over loopback that fails at the n-th request, and
// a function that counts the requests so far.
type wire func(t *testing.T, handler http.Handler, n int) (http.RoundTripper, func() int)

// shortWaits is the retry policy of tests without virtual time.
var shortWaits = backoff.Policy{Base: time.Millisecond}

// plain returns a transport that uses each connection of dial for one request, without TLS.
func plain(t *testing.T, dial func(context.Context) (net.Conn, error)) *http.Transport {
	tr := &http.Transport{
		DisableKeepAlives: true,
		DialTLSContext:    func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// listen accepts connections until the test ends. Then it closes open connections and
// waits for their goroutines.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, closeAll := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			serving.Go(func() {
				defer func() { _ = conn.Close() }()
				defer stop()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		closeAll()
		serving.Wait()
	})
	return listener.Addr().String()
}

// served is a wire on which misbehave handles the n-th connection.
func served(misbehave func(peer)) wire {
	return func(t *testing.T, handler http.Handler, n int) (http.RoundTripper, func() int) {
		var connections atomic.Int64
		address := listen(t, func(conn net.Conn) {
			p := peer{conn.(*net.TCPConn), bufio.NewReader(conn), handler}
			if connections.Add(1) == int64(n) {
				misbehave(p)
			} else {
				p.behave()
			}
		})
		var dialer net.Dialer
		tr := plain(t, func(ctx context.Context) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", address) })
		return tr, func() int { return int(connections.Load()) }
	}
}

// dialled is a wire whose n-th connection comes from dial, which can call a dial function
// that works.
func dialled(dial func(context.Context, func(context.Context) (net.Conn, error)) (net.Conn, error)) wire {
	return func(t *testing.T, handler http.Handler, n int) (http.RoundTripper, func() int) {
		address := listen(t, func(conn net.Conn) {
			peer{conn.(*net.TCPConn), bufio.NewReader(conn), handler}.behave()
		})
		var dials atomic.Int64
		good := func(ctx context.Context) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", address)
		}
		tr := plain(t, func(ctx context.Context) (net.Conn, error) {
			if dials.Add(1) == int64(n) {
				return dial(ctx, good)
			}
			return good(ctx)
		})
		return tr, func() int { return int(dials.Load()) }
	}
}

// peer is the server side of a connection.
type peer struct {
	conn    *net.TCPConn
	in      *bufio.Reader
	handler http.Handler
}

// behave responds to a request as the fake does.
func (p peer) behave() {
	if r := p.request(); r != nil {
		p.respond(p.execute(r))
	}
}

// request reads a request, or returns nil if there is none.
func (p peer) request() *http.Request {
	r, err := http.ReadRequest(p.in)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

// execute returns the response of the fake, or nil if the fake cuts the connection.
func (p peer) execute(r *http.Request) *http.Response { return execute(p.handler, r) }

func execute(handler http.Handler, r *http.Request) (resp *http.Response) {
	defer func() {
		if cut := recover(); cut != nil && cut != http.ErrAbortHandler {
			panic(cut)
		}
	}()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

// encode returns the bytes of a response: its status line and headers, and its body.
func (p peer) encode(resp *http.Response) (head, body []byte) {
	body, _ = io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusNoContent && resp.Header.Get("Content-Length") == "" {
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	var out bytes.Buffer
	out.WriteString("HTTP/1.1 " + strconv.Itoa(resp.StatusCode) + " " + http.StatusText(resp.StatusCode) + "\r\nConnection: close\r\n")
	_ = resp.Header.Write(&out)
	out.WriteString("\r\n")
	return out.Bytes(), body
}

func (p peer) respond(resp *http.Response) {
	if resp == nil {
		return
	}
	head, body := p.encode(resp)
	p.write(head, body)
}

// write ignores errors: the client may have closed the connection.
func (p peer) write(parts ...[]byte) {
	_, _ = p.conn.Write(bytes.Join(parts, nil))
}

// reset closes the connection with a TCP reset.
func (p peer) reset() {
	_ = p.conn.SetLinger(0)
	_ = p.conn.Close()
}
