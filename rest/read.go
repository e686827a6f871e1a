package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
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
		out := x.request.WithContext(x.attempt)
		out.Header, out.Body, out.Host = x.header, x.body, ""
		resp, err := transport.RoundTrip(out)
		if resp != nil {
			defer closeBody(resp.Body)
		} else if err == nil {
			err = errors.New("the transport returned neither a response nor an error")
		}
		if err != nil {
			return nil, x.newError(x.attempt.executedAfter(transport, err), x.attemptCause(err))
		}
		if resp.Body == nil {
			resp.Body = http.NoBody
		}
		resp.Request = x.request
		if c.observer != nil {
			x.reportDeprecation(resp.Header)
		}
		if !isSuccess(resp) {
			return nil, x.readError(resp)
		}
		data, err := readLimited(resp, c.limit)
		if errors.Is(err, ErrTooLarge) {
			return nil, x.newResponseError(resp, nil, err)
		}
		if err != nil {
			e := x.newResponseError(resp, data, fmt.Errorf("reading the response: %w", x.attemptCause(err)))
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

func isSuccess(resp *http.Response) bool { return resp.StatusCode >= 200 && resp.StatusCode < 300 }

// readError returns the error of a response that is not a 2xx.
func (x *callState) readError(resp *http.Response) *Error {
	if resp.StatusCode < 200 {
		// The body of a 101 is the connection itself. No context ends its reading.
		return x.newResponseError(resp, nil, nil)
	}
	x.completeTicket(resp.StatusCode, retryAfterOf(resp))
	timer := time.AfterFunc(errorBodyTimeout, x.attempt.cancel)
	defer timer.Stop()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return x.newResponseError(resp, body, nil)
}

// readLimited reads the body of a response to its end. It returns ErrTooLarge if the body
// has more than limit bytes.
func readLimited(resp *http.Response, limit int64) ([]byte, error) {
	size := resp.ContentLength
	switch {
	case size > limit:
		return nil, fmt.Errorf("%w: %d bytes announced, limit is %d", ErrTooLarge, size, limit)
	case size < 0: // unknown
		size = 511
	}
	// The server may announce more than it sends. One more byte detects the end.
	data := make([]byte, 0, min(size, 64<<10)+1)
	for {
		n, err := resp.Body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > limit:
			return nil, fmt.Errorf("%w: limit is %d bytes", ErrTooLarge, limit)
		case err == io.EOF:
			return data, nil
		case err != nil:
			return data, err
		}
		data = slices.Grow(data, 1)
	}
}

// retryAfterOf returns the Retry-After delay of an error response. It ignores the
// headers of any status but 429 and 503: a rate limit header on a 400 is no
// reason to wait.
func retryAfterOf(resp *http.Response) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	retryAfter, _ := backoff.RetryAfter(resp.Header, time.Now())
	return retryAfter
}
