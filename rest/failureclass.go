package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// The results of [Error.FailureClass].
const (
	classUser          = "user"
	classService       = "service"
	classConfiguration = "configuration"
)

// FailureClass returns whether the reason is the user, the service or the
// configuration. Package upsert reads it to decide whether a run records the user
// as failed, pauses, or ends:
//
//   - "user": the input or this user is the reason.
//   - "service": no usable response, now; the same request may succeed later.
//   - "configuration": no user can succeed, for example because the key is wrong.
//
// suspected means that one failure alone does not prove it: a user failure with
// 402, 403, 404, 405 or a redirect is one of configuration if every user fails
// with it; an unknown host and a bad certificate are of configuration only
// before any success.
func (e Error) FailureClass() (class string, suspected bool) {
	switch status := e.StatusCode; status {
	case http.StatusUnauthorized:
		return classConfiguration, false
	case http.StatusProxyAuthRequired:
		return classConfiguration, true
	case http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return classUser, true
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return classService, false
	case 0:
		return e.classWithoutResponse()
	default:
		switch {
		case status < 200, status >= 500, status < 300 && (e.truncated || isHTML(e.Body)):
			return classService, false
		}
		return classUser, status >= 300 && status < 400
	}
}

// classWithoutResponse is the class of an Error whose StatusCode is 0.
func (e Error) classWithoutResponse() (class string, suspected bool) {
	dns, isDNS := errors.AsType[*net.DNSError](e.Err)
	switch {
	case isBadCertificate(e.Err), isProxyAuthRequired(e.Err):
		return classConfiguration, true
	case isDNS && dns.IsNotFound:
		return classService, true
	case e.Attempts > 0, errors.Is(e.Err, ErrRateLimited), errors.Is(e.Err, context.DeadlineExceeded), errors.Is(e.Err, context.Canceled):
		return classService, false
	}
	return classUser, false // not sent, and not because of a wait: the input
}

// FailureWait returns RetryAfter: how long to wait before the next attempt, 0 if
// neither the server nor the quota determines it.
func (e Error) FailureWait() time.Duration { return e.RetryAfter }

// isBadCertificate reports whether the server's certificate is not trusted.
func isBadCertificate(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// isProxyAuthRequired reports whether a proxy rejected its credentials (407) when
// asked for a tunnel. net/http returns the status text as the whole error.
func isProxyAuthRequired(err error) bool {
	return err != nil && err.Error() == http.StatusText(http.StatusProxyAuthRequired)
}
