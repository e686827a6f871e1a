package rest

import (
	"errors"
	"net"
	"net/http"
	"time"
)

// idlePerHost is how many connections stay open for the next requests. Go's
// default of 2 makes parallel callers dial anew for every other request.
const idlePerHost = 64

// transportOf returns what hc sends through, or a transport of our own. Only the
// transport of an http.Client is used: the rest of it follows redirects, which
// would carry the key to another place or turn a POST into a GET and call that a
// success, keeps cookies, and counts our waits against its Timeout.
func transportOf(hc *http.Client) http.RoundTripper {
	switch {
	case hc == nil:
		return newTransport()
	case hc.Transport == nil:
		return http.DefaultTransport
	}
	return hc.Transport
}

// roundTrip is tr.RoundTrip for transports that break its contract: an answer
// without an error, with a body, is certain.
func roundTrip(tr http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := tr.RoundTrip(req)
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	}
	if resp == nil {
		return nil, errors.New("the transport returned neither an answer nor an error")
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	return resp, nil
}

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
