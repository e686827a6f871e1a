package reliability

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"syscall"
)

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
		onWire("no such host", notSent, false, dialled(answering(3))),
		onWire("name server fails", notSent, false, dialled(answering(2))),
		onWire("connection refused", notSent, false, dialled(func(ctx context.Context, _ good) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", "127.0.0.1:1") // below the ports that are handed out, and nobody's
		})),
		// Not one byte has left, but a client cannot know: net/http says the same
		// of a write that failed at once and of one whose bytes arrived.
		onWire("reset before the request is written", lost, false, dialled(dying(0, all))),
		onWire("reset while the head of the request is written", lost, false, dialled(dying(60, all))),
		onWire("reset while the body of the request is written", lost, false, dialled(dyingInTheBody)),
		onWire("reset in the head of the answer", lost, true, dialled(dying(all, 20))),
		onWire("reset in the body of the answer", broken, true, dialled(func(ctx context.Context, dial good) (net.Conn, error) {
			conn, err := dial(ctx)
			return &answerDyingConn{Conn: conn}, err
		})),
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

// answerDyingConn is reset behind the first byte of an answer's body. Not by the
// server, whose reset may overtake what it sent.
type answerDyingConn struct {
	net.Conn
	dead bool
}

func (c *answerDyingConn) Read(p []byte) (int, error) {
	if c.dead {
		_ = c.Conn.Close()
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	n, err := c.Conn.Read(p)
	if head := bytes.Index(p[:n], []byte("\r\n\r\n")); head >= 0 {
		n, c.dead = min(n, head+len("\r\n\r\n{")), true
	}
	return n, err
}
