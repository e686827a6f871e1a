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
	type dialFunc = func(context.Context) (net.Conn, error)
	resolving := func(rcode byte) func(context.Context, dialFunc) (net.Conn, error) {
		return func(ctx context.Context, _ dialFunc) (net.Conn, error) {
			dialer := net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
				return nameServer(rcode), nil
			}}}
			return dialer.DialContext(ctx, "tcp", "host.usersync.test.:443")
		}
	}
	breaking := func(written, read int) func(context.Context, dialFunc) (net.Conn, error) {
		return func(ctx context.Context, dial dialFunc) (net.Conn, error) {
			conn, err := dial(ctx)
			return &breakingConn{conn, written, read}, err
		}
	}
	breakingInBody := func(ctx context.Context, dial dialFunc) (net.Conn, error) {
		conn, err := dial(ctx)
		return &bodyBreakingConn{conn}, err
	}
	const all = 1 << 30
	return []fault{
		onWire("unknown host", notConnected, false, dialled(resolving(3))),
		onWire("failing name server", notConnected, false, dialled(resolving(2))),
		onWire("connection refused", notConnected, false, dialled(func(ctx context.Context, _ dialFunc) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", "127.0.0.1:1") // no server listens here
		})),
		// No byte was sent, but a client cannot know: net/http returns the same error for a
		// write that failed immediately and for one whose bytes arrived.
		onWire("reset before the request is written", lost, false, dialled(breaking(0, all))),
		onWire("reset while the request headers are written", lost, false, dialled(breaking(60, all))),
		onWire("reset while the request body is written", lost, false, dialled(breakingInBody)),
		onWire("reset in the response headers", lost, true, dialled(breaking(all, 20))),
		onWire("reset in the response body", truncated, true, dialled(func(ctx context.Context, dial dialFunc) (net.Conn, error) {
			conn, err := dial(ctx)
			return &responseBreakingConn{Conn: conn}, err
		})),
	}
}

// nameServer responds to each query with a code only.
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

// breakingConn is reset after the given numbers of bytes.
type breakingConn struct {
	net.Conn
	written, read int
}

func (c *breakingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p[:min(len(p), c.written)])
	if c.written -= n; err == nil && n < len(p) {
		_ = c.Conn.Close()
		err = &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

// bodyBreakingConn is reset a few bytes after the headers of a request, or at the end of a
// request without a body.
type bodyBreakingConn struct{ net.Conn }

func (c *bodyBreakingConn) Write(p []byte) (int, error) {
	head := bytes.Index(p, []byte("\r\n\r\n"))
	if head < 0 {
		return c.Conn.Write(p)
	}
	n, _ := c.Conn.Write(p[:min(head+len("\r\n\r\n{\"..."), len(p)-1)])
	_ = c.Conn.Close()
	return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
}

func (c *breakingConn) Read(p []byte) (int, error) {
	if c.read == 0 {
		_ = c.Conn.Close()
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	n, err := c.Conn.Read(p[:min(len(p), c.read)])
	c.read -= n
	return n, err
}

// responseBreakingConn is reset after the first byte of a response body. It is reset on the
// client's side, because a reset by the server may overtake the response.
type responseBreakingConn struct {
	net.Conn
	broken bool
}

func (c *responseBreakingConn) Read(p []byte) (int, error) {
	if c.broken {
		_ = c.Conn.Close()
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	n, err := c.Conn.Read(p)
	if head := bytes.Index(p[:n], []byte("\r\n\r\n")); head >= 0 {
		n, c.broken = min(n, head+len("\r\n\r\n{")), true
	}
	return n, err
}
