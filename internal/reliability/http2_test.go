package reliability

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// streams is an HTTP/2 wire on which misbehave handles the n-th request.
func streams(misbehave func(p h2peer, id uint32)) wire {
	return func(t *testing.T, handler http.Handler, n int) (http.RoundTripper, func() int) {
		certificates := credentials()
		var requests atomic.Int64
		address := listen(t, func(conn net.Conn) {
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificates.good}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
			p := h2peer{t, conn.(*net.TCPConn), http2.NewFramer(secure, secure), handler, make(map[uint32]*http.Request)}
			p.serve(secure, func(id uint32) {
				if requests.Add(1) == int64(n) {
					misbehave(p, id)
				} else {
					p.respond(id, p.execute(id))
				}
			})
		})
		tr := &http.Transport{
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{RootCAs: certificates.pool, ServerName: goodName, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var dialer net.Dialer
				return dialer.DialContext(ctx, "tcp", address)
			},
		}
		t.Cleanup(tr.CloseIdleConnections)
		return tr, func() int { return int(requests.Load()) }
	}
}

// h2peer is the server side of a connection.
type h2peer struct {
	t        *testing.T
	conn     *net.TCPConn
	framer   *http2.Framer
	handler  http.Handler
	requests map[uint32]*http.Request // by stream
}

// serve reads frames until the client closes the connection, and calls complete for each
// complete request.
func (p h2peer) serve(conn io.Reader, complete func(id uint32)) {
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	p.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	p.do(p.framer.WriteSettings())
	for {
		frame, err := p.framer.ReadFrame()
		if err != nil {
			return
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				p.do(p.framer.WriteSettingsAck())
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				p.do(p.framer.WritePing(true, frame.Data))
			}
		case *http2.MetaHeadersFrame:
			p.requests[frame.StreamID] = requestOf(frame)
			if frame.StreamEnded() {
				complete(frame.StreamID)
			}
		case *http2.DataFrame:
			r := p.requests[frame.StreamID]
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(append(body, frame.Data()...)))
			if frame.StreamEnded() {
				complete(frame.StreamID)
			}
		}
	}
}

func requestOf(frame *http2.MetaHeadersFrame) *http.Request {
	r := httptest.NewRequest(frame.PseudoValue("method"), frame.PseudoValue("path"), http.NoBody)
	for _, field := range frame.RegularFields() {
		r.Header.Add(field.Name, field.Value)
	}
	return r
}

// do logs a write error: the client may close the connection after any frame.
func (p h2peer) do(err error) {
	if err != nil {
		p.t.Logf("writing a frame: %v", err)
	}
}

// execute returns the response of the fake, or nil if the fake cuts the connection.
func (p h2peer) execute(id uint32) *http.Response { return execute(p.handler, p.requests[id]) }

func (p h2peer) respond(id uint32, resp *http.Response) {
	if resp == nil {
		p.do(p.framer.WriteRSTStream(id, http2.ErrCodeInternal))
		return
	}
	body, _ := io.ReadAll(resp.Body)
	p.writeHeaders(id, resp, len(body) == 0)
	for len(body) > 0 {
		frame := body[:min(len(body), 16<<10)] // the maximum that every client accepts
		body = body[len(frame):]
		p.do(p.framer.WriteData(id, len(body) == 0, frame))
	}
}

func (p h2peer) writeHeaders(id uint32, resp *http.Response, end bool) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	field := func(name, value string) { p.do(encoder.WriteField(hpack.HeaderField{Name: name, Value: value})) }
	field(":status", strconv.Itoa(resp.StatusCode))
	for name, values := range resp.Header {
		for _, value := range values {
			field(strings.ToLower(name), value)
		}
	}
	p.do(p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: end}))
}

// closeWrite ends the responses. What the client still sends is read, so that the client
// gets no reset.
func (p h2peer) closeWrite() { p.do(p.conn.CloseWrite()) }
