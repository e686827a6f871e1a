package rest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// attempt sends req once, with these headers and this body, under its own
// timeout, and reads the whole answer.
func (c *Client) attempt(req *http.Request, header http.Header, body io.ReadCloser, x *callState) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), c.timeout)
	defer cancel()
	trace := newSendTrace()
	out := req.WithContext(httptrace.WithClientTrace(ctx, &trace.hooks))
	out.Header, out.Body, out.Host = header, body, ""
	x.attempts++
	sent := time.Now()
	resp, err := roundTrip(c.transport, out)
	if err != nil {
		err = x.transportError(c.cause(ctx, req, err), trace.executedAfter(err))
	} else {
		resp, err = c.readResponse(ctx, cancel, req, resp, x)
	}
	c.logAttempt(req.Context(), x, resp, err, time.Since(sent))
	return resp, err
}

// cause returns what went wrong, without the URL that a transport built on an
// http.Client puts before it: the query stands there. An attempt that ran out of
// its own time does not match context.DeadlineExceeded: the caller's deadline
// has not passed.
func (c *Client) cause(attempt context.Context, req *http.Request, err error) error {
	if attempt.Err() != nil && req.Context().Err() == nil {
		return attemptTimeout{c.timeout}
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	ended := req.Context().Err()
	// net/http reports the cause that the context's owner gave in place of its error.
	if ended != nil && (errors.Is(err, ended) || errors.Is(err, context.Cause(req.Context()))) {
		return contextError(req.Context())
	}
	return err
}

// contextError returns why ctx ended: its error, and the cause its owner gave
// where that is another.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return errors.Join(ctx.Err(), cause)
	}
	return ctx.Err()
}

// attemptTimeout is the cause when one attempt took longer than WithTimeout
// allows. It is a net.Error.
type attemptTimeout struct{ limit time.Duration }

func (e attemptTimeout) Error() string { return "no whole answer within " + e.limit.String() }
func (attemptTimeout) Timeout() bool   { return true }
func (attemptTimeout) Temporary() bool { return true }

var _ net.Error = attemptTimeout{}

// sendTrace records how far an attempt came, to tell a request that surely never
// left from one that may have arrived. net/http calls the hooks from goroutines
// of its own.
type sendTrace struct {
	gotConn      atomic.Bool // net/http asked for a connection, so its hooks can be trusted
	wroteHeaders atomic.Bool // the head went to a connection
	hooks        httptrace.ClientTrace
}

func newSendTrace() *sendTrace {
	p := new(sendTrace)
	p.hooks.GetConn = func(string) { p.gotConn.Store(true) }
	p.hooks.WroteHeaders = func() { p.wroteHeaders.Store(true) }
	return p
}

// executedAfter says what an attempt without an answer may have done. A transport
// that calls no hooks is believed only when its error comes from dialling.
func (p *sendTrace) executedAfter(err error) Executed {
	if p.wroteHeaders.Load() {
		return ExecutedMaybe
	}
	if op, ok := errors.AsType[*net.OpError](err); p.gotConn.Load() || ok && op.Op == "dial" {
		return ExecutedNo
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return ExecutedNo
	}
	return ExecutedMaybe
}

// isPermanent reports failures to connect that another attempt does not mend: the
// server's certificate is not to be trusted, or the host does not exist.
func isPermanent(err error) bool {
	if isBadCertificate(err) {
		return true
	}
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}
