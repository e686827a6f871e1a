package reliability

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/net/http2"
)

// reaction is how long a call on the wire may take: long for a machine that is
// busy, short beside any wait of the default policy that should not be there.
const reaction = 10 * time.Second

// wireFaults are those that memory cannot show.
func wireFaults() []fault {
	faults := slices.Concat(dialFaults(), tlsFaults(), resetFaults(), framingFaults(), http2Faults())
	for i := range faults {
		faults[i].takes = reaction
	}
	return faults
}

func onWire(name string, kind kind, acted bool, w wire) fault {
	return fault{name: name, kind: kind, acted: acted, wire: w}
}

func dialFaults() []fault {
	type good = func(context.Context) (net.Conn, error)
	answering := func(rcode byte) func(context.Context, good) (net.Conn, error) {
		return func(ctx context.Context, _ good) (net.Conn, error) {
			dialer := net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
				return nameServer(rcode), nil
			}}}
			return dialer.DialContext(ctx, "tcp", "host.usersync.test.:443")
		}
	}
	dying := func(written, read int) func(context.Context, good) (net.Conn, error) {
		return func(ctx context.Context, dial good) (net.Conn, error) {
			conn, err := dial(ctx)
			return &dyingConn{conn, written, read}, err
		}
	}
	dyingInTheBody := func(ctx context.Context, dial good) (net.Conn, error) {
		conn, err := dial(ctx)
		return &bodyDyingConn{conn}, err
	}
	const all = 1 << 30
	return []fault{
		onWire("no such host", unreachable, false, dialled(answering(3))),
		onWire("name server fails", unsent, false, dialled(answering(2))),
		onWire("connection refused", unsent, false, dialled(func(ctx context.Context, _ good) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", "127.0.0.1:1") // below the ports that are handed out, and nobody's
		})),
		onWire("reset before the request is written", lost, false, dialled(dying(0, all))),
		onWire("reset while the head of the request is written", lost, false, dialled(dying(60, all))),
		onWire("reset while the body of the request is written", lost, false, dialled(dyingInTheBody)),
		onWire("reset in the head of the answer", lost, true, dialled(dying(all, 20))),
	}
}

// nameServer answers each query with a code and nothing else.
func nameServer(rcode byte) net.Conn {
	client, server := net.Pipe()
	go func() {
		defer func() { _ = server.Close() }()
		for {
			var size uint16
			if binary.Read(server, binary.BigEndian, &size) != nil {
				return
			}
			query := make([]byte, size)
			if _, err := io.ReadFull(server, query); err != nil {
				return
			}
			query[2] |= 0x80 // a response
			query[3] = query[3]&0xf0 | rcode
			if _, err := server.Write(binary.BigEndian.AppendUint16(nil, size)); err != nil {
				return
			}
			if _, err := server.Write(query); err != nil {
				return
			}
		}
	}()
	return client
}

// dyingConn is reset after so many bytes of each direction.
type dyingConn struct {
	net.Conn
	written, read int
}

func (c *dyingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p[:min(len(p), c.written)])
	if c.written -= n; err == nil && n < len(p) {
		_ = c.Conn.Close()
		err = &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

// bodyDyingConn is reset a few bytes behind the head of a request, or at the end of
// one that is all head.
type bodyDyingConn struct{ net.Conn }

func (c *bodyDyingConn) Write(p []byte) (int, error) {
	head := bytes.Index(p, []byte("\r\n\r\n"))
	if head < 0 {
		return c.Conn.Write(p)
	}
	n, _ := c.Conn.Write(p[:min(head+len("\r\n\r\n{\"..."), len(p)-1)])
	_ = c.Conn.Close()
	return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
}

func (c *dyingConn) Read(p []byte) (int, error) {
	if c.read == 0 {
		_ = c.Conn.Close()
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	n, err := c.Conn.Read(p[:min(len(p), c.read)])
	c.read -= n
	return n, err
}

func resetFaults() []fault {
	return []fault{
		onWire("reset at the first byte of the request", lost, false, served(func(p peer) {
			_, _ = p.conn.Read(make([]byte, 1))
			p.reset()
		})),
		onWire("reset before the body of the request", lost, false, served(func(p peer) {
			_, _ = http.ReadRequest(p.in)
			p.reset()
		})),
		onWire("reset after the request", lost, false, served(func(p peer) {
			p.request()
			p.reset()
		})),
		onWire("closed after the request", lost, false, served(func(p peer) { p.request() })),
		onWire("reset after the server acted", lost, true, served(func(p peer) {
			p.act(p.request())
			p.reset()
		})),
		onWire("closed in the head of the answer", lost, true, served(func(p peer) {
			head, _ := p.text(p.act(p.request()))
			p.write(head[:len(head)/2])
		})),
		onWire("closed in the body of the answer", broken, true, served(func(p peer) {
			resp := p.act(p.request())
			resp.Header.Set("Content-Length", "10000")
			head, body := p.text(resp)
			p.write(head, body)
		})),
		onWire("an answer that is not HTTP", lost, true, served(func(p peer) {
			p.act(p.request())
			p.write([]byte("SSH-2.0-OpenSSH_9.9\r\n"))
		})),
	}
}

func framingFaults() []fault {
	return []fault{
		onWire("100 and 103 before the answer", harmless, true, served(func(p peer) {
			resp := p.act(p.request())
			p.write([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"))
			p.answer(resp)
		})),
		onWire("100 and nothing else", lost, false, served(func(p peer) {
			p.request()
			p.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
		})),
		switching(),
		onWire("body longer than its Content-Length", mangled, true, served(func(p peer) {
			resp := p.act(p.request())
			body, _ := io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(bytes.NewReader(body))
			if len(body) > 0 {
				resp.Header.Set("Content-Length", strconv.Itoa(len(body)/2))
			}
			p.answer(resp)
		})),
		onWire("more after the answer", harmless, true, served(func(p peer) {
			p.answer(p.act(p.request()))
			p.write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"id\":999999}"))
		})),
		onWire("gzip", harmless, true, served(func(p peer) {
			resp := p.act(p.request())
			var out bytes.Buffer
			w := gzip.NewWriter(&out)
			if n, _ := io.Copy(w, resp.Body); n > 0 {
				_ = w.Close()
				resp.Body = io.NopCloser(&out)
				resp.Header.Set("Content-Encoding", "gzip")
			}
			p.answer(resp)
		})),
		onWire("gzip that breaks off", broken, true, served(func(p peer) {
			resp := p.act(p.request())
			packed := squeezed(1000)
			resp.Body = io.NopCloser(bytes.NewReader([]byte(packed[:len(packed)-9])))
			resp.Header.Set("Content-Encoding", "gzip")
			p.answer(resp)
		})),
	}
}

// switching is a 101 that nobody asked for.
func switching() fault {
	f := onWire("status 101", doubtful, true, served(func(p peer) {
		p.act(p.request())
		p.write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"))
	}))
	f.status = http.StatusSwitchingProtocols
	return f
}

func http2Faults() []fault {
	refusedStream := onWire("HTTP/2 REFUSED_STREAM", harmless, true, streams(func(p h2peer, id uint32) {
		p.do(p.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream))
	}))
	goAway := onWire("HTTP/2 GOAWAY before the request", harmless, true, streams(func(p h2peer, id uint32) {
		p.do(p.framer.WriteGoAway(id-1, http2.ErrCodeNo, nil))
		p.hangUp()
	}))
	refusedStream.resent, goAway.resent = 1, 1
	return []fault{
		refusedStream, goAway,
		onWire("HTTP/2 GOAWAY after the request", lost, false, streams(func(p h2peer, id uint32) {
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeNo, nil))
			p.hangUp()
		})),
		onWire("HTTP/2 GOAWAY after the server acted", lost, true, streams(func(p h2peer, id uint32) {
			p.act(id)
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeInternal, nil))
			p.hangUp()
		})),
		onWire("HTTP/2 GOAWAY before the answer", harmless, true, streams(func(p h2peer, id uint32) {
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeNo, nil))
			p.answer(id, p.act(id))
		})),
		onWire("HTTP/2 stream reset after the server acted", lost, true, streams(func(p h2peer, id uint32) {
			p.act(id)
			p.do(p.framer.WriteRSTStream(id, http2.ErrCodeInternal))
		})),
		onWire("HTTP/2 stream reset in the body", broken, true, streams(func(p h2peer, id uint32) {
			p.head(id, p.act(id), false)
			p.do(p.framer.WriteData(id, false, []byte("{")))
			p.do(p.framer.WriteRSTStream(id, http2.ErrCodeInternal))
		})),
	}
}
