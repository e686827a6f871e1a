package rest

import (
	"net"
	"net/http"
	"time"
)

// idlePerHost is how many connections stay open for the next requests. Go's
// default of 2 makes parallel callers dial anew for every other request.
const idlePerHost = 64

// httpClient returns a copy of hc, or a client on a transport of our own, that
// follows no redirect and keeps no cookies. Its Timeout is applied by attempt.
func httpClient(hc *http.Client) *http.Client {
	if hc == nil {
		hc = &http.Client{Transport: newTransport()}
	}
	own := *hc
	own.CheckRedirect = refuseRedirect
	own.Jar = nil
	own.Timeout = 0
	return &own
}

// refuseRedirect has the redirect itself returned: following one would carry
// the key to another place, or turn a POST into a GET and call that a success.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           idlePerHost,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}
