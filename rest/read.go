package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	// maxErrorBody is how much of the body of an error response is read and kept.
	// If there is more, the connection is closed.
	maxErrorBody = 64 << 10
	// errorBodyTimeout limits the reading of the body of an error response. Its
	// status is known already, so a slow body must not delay the caller.
	errorBodyTimeout = 3 * time.Second
)

// read sends the request through the transport, reads the response to its end and
// closes it. A 2xx response is returned with its body in memory; anything else is
// an error.
func (c *Client) read(transport http.RoundTripper) handler {
	return func(x *callState) (*http.Response, *Error) {
		out := x.request.WithContext(x.attemptCtx)
		out.Header, out.Body, out.Host = x.header, x.body, ""
		resp, err := roundTrip(transport, out)
		if err != nil {
			return nil, x.transportError(x.attemptCause(err), x.trace.executedAfter(transport, err))
		}
		received := resp.Body
		defer func() { _ = received.Close() }()
		resp.Request = x.request
		if c.observer != nil {
			x.reportDeprecation(resp.Header)
		}
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			return nil, x.readError(resp)
		}
		data, err := readLimited(resp.Body, resp.ContentLength, c.limit)
		if errors.Is(err, ErrTooLarge) {
			return nil, x.responseError(resp, nil, err)
		}
		if err != nil {
			e := x.responseError(resp, data, fmt.Errorf("reading the response: %w", x.attemptCause(err)))
			e.truncated = true
			return nil, e
		}
		x.response.data, x.response.call = data, x
		x.response.Reset(data)
		resp.Body, resp.ContentLength = &x.response, int64(len(data))
		return resp, nil
	}
}

// bufferedBody is the body of a 2xx response in memory. It keeps its call, so that
// the errors of [Decode] can describe it.
type bufferedBody struct {
	bytes.Reader
	data []byte
	call *callState
}

// Close is a no-op: the body was read before, so the connection is already
// reusable.
func (*bufferedBody) Close() error { return nil }

// readError returns the error of a response that is not a 2xx.
func (x *callState) readError(resp *http.Response) *Error {
	arrived := time.Now()
	if resp.StatusCode < 200 {
		// The body of a 101 is the connection itself. No context ends its reading.
		return x.statusError(resp, nil, arrived)
	}
	x.completeTicket(resp.StatusCode, retryAfterOf(resp, arrived))
	timer := time.AfterFunc(errorBodyTimeout, x.cancel)
	defer timer.Stop()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return x.statusError(resp, body, arrived)
}

// readLimited reads r to its end. It returns ErrTooLarge if r has more than limit
// bytes. size is the announced length, negative if unknown.
func readLimited(r io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, fmt.Errorf("%w: %d bytes announced, limit is %d", ErrTooLarge, size, limit)
	}
	// The server may announce more than it sends, so reserve no more than an
	// ordinary response needs, and one byte to detect its end without growing.
	reserve := int64(512)
	if size >= 0 {
		reserve = min(size, 64<<10) + 1
	}
	data := make([]byte, 0, reserve)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > limit:
			return nil, fmt.Errorf("%w: limit is %d bytes", ErrTooLarge, limit)
		case err == io.EOF:
			return data, nil
		case err != nil:
			return data, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// retryAfterOf returns the Retry-After delay of an error response. It ignores the
// headers of any status but 429 and 503: a rate limit header on a 400 is no
// reason to wait.
func retryAfterOf(resp *http.Response, now time.Time) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	retryAfter, _ := backoff.RetryAfter(resp.Header, now)
	return retryAfter
}
