package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	// maxErrorBody is how much of the body of a refusal is kept and read; more
	// costs the connection.
	maxErrorBody = 64 << 10
	// errorBodyTimeout limits the reading of a refusal: its status is known already,
	// and a body that trickles must not hold the caller up.
	errorBodyTimeout = 3 * time.Second
)

// bufferedBody is the body of a 2xx answer in memory. It remembers its exchange, so
// that [Decode] can tell of it.
type bufferedBody struct {
	bytes.Reader
	data []byte
	call *callState
}

// Close does nothing: the connection is free already.
func (*bufferedBody) Close() error { return nil }

// readResponse reads resp to its end and closes it. A 2xx answer is returned with
// its body in memory; anything else is an error.
func (c *Client) readResponse(ctx context.Context, cancel context.CancelFunc, req *http.Request, resp *http.Response, x *callState) (*http.Response, error) {
	received := resp.Body // of a 2xx answer, resp.Body becomes another
	defer func() { _ = received.Close() }()
	resp.Request = x.request
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.readErrorResponse(cancel, resp, x)
	}
	data, err := readLimited(resp.Body, resp.ContentLength, c.limit)
	if err != nil {
		e := x.responseError(resp, nil, err)
		if !errors.Is(err, ErrTooLarge) {
			e = x.responseError(resp, data, fmt.Errorf("reading the answer: %w", c.cause(ctx, req, err)))
			e.truncated = true
		}
		return nil, e
	}
	x.body.data, x.body.call = data, x
	x.body.Reset(data)
	resp.Body = &x.body
	resp.ContentLength = int64(len(data))
	return resp, nil
}

// readErrorResponse reads what a refusal says, as far as it comes in time.
func (c *Client) readErrorResponse(cancel context.CancelFunc, resp *http.Response, x *callState) *Error {
	arrived := time.Now()
	if resp.StatusCode < 200 {
		// A 101 hands out the connection itself, whose reading no context ends.
		return x.statusError(resp, nil, arrived)
	}
	// Others must not be sent while this body trickles.
	x.finishAttempt(resp.StatusCode, retryAfterOf(resp, arrived))
	timer := time.AfterFunc(errorBodyTimeout, cancel)
	defer timer.Stop()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return x.statusError(resp, body, arrived)
}

// readLimited reads r to its end, or fails with ErrTooLarge when it holds more
// than limit bytes. size is what the server announced, negative when unknown.
func readLimited(r io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, fmt.Errorf("%w: %d bytes announced, at most %d are read", ErrTooLarge, size, limit)
	}
	// A server may announce what it never sends: reserve no more than an ordinary
	// answer takes, and a byte to see its end without growing.
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
			return nil, fmt.Errorf("%w: at most %d bytes are read", ErrTooLarge, limit)
		case err == io.EOF:
			return data, nil
		case err != nil:
			return data, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// retryAfterOf reads the wait a refusal asks for. Only statuses that mean "later" are
// believed: a rate limit header on a 400 is no reason to wait.
func retryAfterOf(resp *http.Response, now time.Time) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	wish, _ := backoff.RetryAfter(resp.Header, now)
	return wish
}
