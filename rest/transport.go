package rest

import (
	"net"
	"net/http"
	"sync"
	"time"
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
		Proxy:       http.ProxyFromEnvironment,
		DialContext: dialer.DialContext,
		// A silent HTTP/2 connection gets a ping, and is closed without a response to
		// it. Otherwise every attempt would use the dead connection until the operating
		// system closes it after about 15 minutes.
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 8 * time.Second, PingTimeout: 5 * time.Second},
		// With Go's default of 2, parallel callers dial for every other request.
		MaxIdleConnsPerHost: 64,
		// Common servers close idle connections after 5 s or more (Apache, Node.js), and
		// a request on a connection that the server is closing is lost.
		IdleConnTimeout:        3 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}
