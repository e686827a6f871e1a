package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The sentinels that an [Error] matches with errors.Is, and their statuses.
var (
	ErrInvalid      = errors.New("invalid input")         // 400, 422, and input that was not sent
	ErrUnauthorized = errors.New("unauthorized")          // 401
	ErrForbidden    = errors.New("forbidden")             // 403
	ErrNotFound     = errors.New("not found")             // 404 about a user (not one of an unknown URL), and lookups without a match
	ErrConflict     = errors.New("conflict")              // 409, and lookups with several matches
	ErrRateLimited  = errors.New("rate limited")          // 429, and a wait for the quota that does not fit
	ErrUnavailable  = errors.New("unavailable")           // 5xx
	ErrTooLarge     = errors.New("response too large")    // more bytes than WithResponseLimit allows
	ErrRedirect     = errors.New("redirect not followed") // 3xx
)

// Executed tells whether the server executed a call that failed.
type Executed int

// The values of Executed.
const (
	ExecutedNo    Executed = iota // certainly not: the request was not sent, or it was rejected
	ExecutedMaybe                 // unknown: the response was lost or is a 5xx
	ExecutedYes                   // yes, at least in part, but the response cannot be used
)

// String returns "no", "maybe" or "yes".
func (x Executed) String() string {
	if x < ExecutedNo || x > ExecutedYes {
		return fmt.Sprintf("Executed(%d)", int(x))
	}
	return [...]string{"no", "maybe", "yes"}[x]
}

// executedForStatus returns whether a request with this response status was executed. A
// 4xx is a rejection, except 408: a proxy may send it after it has forwarded the request.
// A redirect after a POST often means that it was executed.
func executedForStatus(status int) Executed {
	switch {
	case status >= 200 && status < 300:
		return ExecutedYes
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return ExecutedNo
	}
	return ExecutedMaybe
}

// Error is the error of every failed call, as a *Error: a response that is not a
// 2xx, no response, a response that cannot be used, or input that was not sent. It
// matches the sentinels above, and through its cause the errors of packages
// context and net. If a wait did not fit the deadline of the context, the error is
// both the 429 and context.DeadlineExceeded. Its texts never contain the API key,
// passwords of the call or bodies, with any fmt verb or slog handler.
type Error struct {
	Provider   string // "identifai", "partoo", "usercom"
	Operation  string // the method of the client, "UpsertUser"; empty for calls through API()
	Method     string // HTTP method
	Path       string // path of the URL, without the query
	StatusCode int    // HTTP status, 0 if there was no response
	Message    string // what the response says about the request as a whole
	// Fields contains the problems of single fields, in the vendor's words and
	// names, or in usersync's if the input was not sent. Fields of nested objects
	// have dotted names.
	Fields map[string][]string
	// RetryAfter is how long to wait before the next attempt: what the server
	// asked for, or else the wait that did not fit. 0: unknown.
	RetryAfter time.Duration
	Attempts   int         // how often the request was sent
	Executed   Executed    // of the whole call: whether any of its requests was; no meaning for reads
	Body       []byte      `json:"-"` // first 64 KiB of the response, in no text: it may repeat what was sent
	Header     http.Header // dates, rate limits and request ids of the response
	Err        error       `json:"-"` // the cause, if any; its own text is not redacted

	cause      string // Err as text, without secrets
	truncated  bool   // the response ended early
	unknownURL bool   // a 404 that no user can cause
}

// safeHeaders are the headers that Error.Header contains.
var safeHeaders = []string{
	"Content-Type", "Date", "Retry-After", "Server",
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
	"Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset",
	"Cf-Ray", "Request-Id", "X-Correlation-Id", "X-Request-Id",
}

func (x *callState) filterHeaders(header http.Header) http.Header {
	kept := make(http.Header)
	for _, name := range safeHeaders {
		if value := header.Get(name); value != "" {
			kept.Set(name, singleLine(x.redact(value)))
		}
	}
	return kept
}

// setCause sets Err and its redacted text.
func (e *Error) setCause(err error, x *callState) {
	e.Err = err
	// errors.Join separates its errors by line breaks.
	e.cause = singleLine(x.redact(strings.ReplaceAll(err.Error(), "\n", "; ")))
}

// Error returns provider, operation, request, status, message, fields and cause.
func (e Error) Error() string {
	status := ""
	if e.StatusCode != 0 {
		status = strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode))
	}
	var fields []string
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		fields = append(fields, field+": "+strings.Join(e.Fields[field], ", "))
	}
	parts := []string{e.Provider, e.Operation, strings.TrimSpace(e.Method + " " + e.Path), status, e.Message, strings.Join(fields, "; "), e.causeText()}
	text := strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
	if e.Attempts > 1 {
		text += fmt.Sprintf(" (after %d attempts)", e.Attempts)
	}
	return text
}

// causeText is empty if the fields describe the cause already.
func (e Error) causeText() string {
	if e.cause != "" || e.Err == nil {
		return e.cause
	}
	if len(e.Fields) > 0 && errors.Is(e.Err, ErrInvalid) {
		return ""
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e Error) Unwrap() error { return e.Err }

// Is matches the sentinels by status.
func (e Error) Is(target error) bool {
	switch target {
	case ErrInvalid:
		return e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound && !e.unknownURL
	case ErrConflict:
		return e.StatusCode == http.StatusConflict
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrUnavailable:
		return e.StatusCode >= 500 && e.StatusCode < 600
	case ErrRedirect:
		return e.StatusCode >= 300 && e.StatusCode < 400
	}
	return false
}

// Format writes the text of Error for every verb, because %+v and %#v would otherwise print
// the fields, which include the response body. %q quotes the text.
func (e Error) Format(f fmt.State, verb rune) {
	text := e.Error()
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = f.Write([]byte(text))
}

// LogValue returns the text and the numbers of the error as a group, for slog.
func (e Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("text", e.Error()), slog.Int("attempts", e.Attempts), slog.String("executed", e.Executed.String())}
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	}
	if e.RetryAfter != 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	return slog.GroupValue(attrs...)
}

// IgnoreGone returns nil for the 404 of a retried DELETE: an earlier attempt with
// unknown outcome probably deleted the user. It returns any other error,
// including an HTML 404, unchanged.
func IgnoreGone(err error) error {
	e, ok := errors.AsType[*Error](err)
	if ok && e.Method == http.MethodDelete && errors.Is(e, ErrNotFound) && e.Executed != ExecutedNo {
		return nil
	}
	return err
}

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
	switch status := e.StatusCode; {
	case status == 0:
		return e.classWithoutResponse()
	case status == http.StatusUnauthorized, status == http.StatusProxyAuthRequired:
		return classConfiguration, status == http.StatusProxyAuthRequired
	case slices.Contains([]int{402, 403, 404, 405}, status), status >= 300 && status < 400:
		return classUser, true
	case slices.Contains([]int{408, 425, 429}, status), status < 200, status >= 500, status < 300 && (e.truncated || isHTML(e.Body)):
		return classService, false
	}
	return classUser, false
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
