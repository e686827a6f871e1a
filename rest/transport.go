package rest

import (
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// idlePerHost is how many idle connections stay open for the next requests. With
	// Go's default of 2, parallel callers dial for every other request.
	idlePerHost = 64
	// idleTimeout is shorter than the keep-alive timeout of common servers (5 s for
	// Apache and Node.js), because a request on a connection that the server is
	// closing is lost.
	idleTimeout = 3 * time.Second
	// A silent HTTP/2 connection gets a ping after pingAfter, and is closed if no
	// response arrives within pingTimeout. Otherwise every attempt would use the
	// dead connection until the operating system closes it after about 15 minutes.
	pingAfter   = 8 * time.Second
	pingTimeout = 5 * time.Second
)

// sharedTransport is the transport of all clients without a transport of their
// own, so that many clients of one provider share connections.
var sharedTransport = sync.OnceValue(newTransport)

// CloseIdleConnections closes the idle connections of the transport that all
// clients without a transport of their own share. It does not interrupt requests
// in flight, and the clients can still be used.
func CloseIdleConnections() { sharedTransport().CloseIdleConnections() }

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}
