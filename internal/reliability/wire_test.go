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
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// wire leads to a handler over loopback. Something is wrong with it at the n-th
// request. It returns how many requests have been on it.
type wire func(t *testing.T, handler http.Handler, n int) (http.RoundTripper, func() int)

// faultsOnTheWire are the cases that need real connections.
func faultsOnTheWire(t *testing.T) {
	everyCase(t, wireFaults(), func(t *testing.T, c testCase) { c.onTheWire(t) })
}

// impatient waits for as short as a real clock allows.
var impatient = backoff.Policy{Base: time.Millisecond}

func (c testCase) onTheWire(t *testing.T) {
	var requests func() int
	s := c.start(connection{t: t, options: []rest.Option{rest.WithResponseLimit(limit), rest.WithRetry(impatient)}, transport: func(server *resttest.Server) http.RoundTripper {
		transport, count := c.fault.wire(t, server, c.number)
		requests = count
		return transport
	}})
	r := c.run(t, s)
	c.judge(t, s, r, requests)
}

// plain returns a transport whose connections are dialled so, each for one
// request, and are what https wants already.
func plain(t *testing.T, dial func(context.Context) (net.Conn, error)) *http.Transport {
	tr := &http.Transport{
		DisableKeepAlives: true,
		DialTLSContext:    func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// listen accepts connections until the test ends. Then it cuts those that are
// left, and waits for those who serve them.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cut := context.WithCancel(context.Background())
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
		cut()
		serving.Wait()
	})
	return listener.Addr().String()
}

// served is a wire whose n-th connection is served by misbehave.
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

// dialled is a wire whose n-th connection is made by dial, which is given one
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

// peer is the server's side of a connection.
type peer struct {
	conn    *net.TCPConn
	in      *bufio.Reader
	handler http.Handler
}

// behave answers a request as the fake does.
func (p peer) behave() {
	if r := p.request(); r != nil {
		p.answer(p.act(r))
	}
}

// request reads a whole request, or returns nil when none comes.
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

// act has the fake act and returns its answer, nil when it cuts the connection.
func (p peer) act(r *http.Request) *http.Response { return acting(p.handler, r) }

func acting(handler http.Handler, r *http.Request) (resp *http.Response) {
	defer func() {
		if cut := recover(); cut != nil && cut != http.ErrAbortHandler {
			panic(cut)
		}
	}()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder.Result()
}

// text is an answer as it goes over the wire, with what goes before its body
// apart.
func (p peer) text(resp *http.Response) (head, body []byte) {
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

func (p peer) answer(resp *http.Response) {
	if resp == nil {
		return
	}
	head, body := p.text(resp)
	p.write(head, body)
}

// write sends what the client still takes.
func (p peer) write(parts ...[]byte) {
	_, _ = p.conn.Write(bytes.Join(parts, nil))
}

// reset ends the connection with a reset instead of a goodbye.
func (p peer) reset() {
	_ = p.conn.SetLinger(0)
	_ = p.conn.Close()
}
