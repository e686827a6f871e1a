package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What an [Error] matches with errors.Is. Where a sentinel stands for statuses,
// they are named beside it.
var (
	ErrInvalid      = errors.New("invalid input")    // 400, 422, and input refused before it was sent
	ErrUnauthorized = errors.New("unauthorized")     // 401
	ErrForbidden    = errors.New("forbidden")        // 403
	ErrNotFound     = errors.New("not found")        // 404 (a web page excepted: that is a wrong URL), and look-ups without a match
	ErrConflict     = errors.New("conflict")         // 409, and look-ups with several matches
	ErrRateLimited  = errors.New("rate limited")     // 429
	ErrUnavailable  = errors.New("unavailable")      // 5xx
	ErrTooLarge     = errors.New("answer too large") // an answer beyond WithResponseLimit
	ErrRedirect     = errors.New("redirect refused") // 3xx
)

// Executed says whether the server has acted on a request that failed.
type Executed int

// The values of Executed.
const (
	// ExecutedNo: surely not. The request never left, or was refused.
	ExecutedNo Executed = iota
	// ExecutedMaybe: nobody knows. The answer was lost or is a 5xx.
	ExecutedMaybe
	// ExecutedYes: it did, but its answer cannot be used.
	ExecutedYes
)

// String returns "no", "maybe" or "yes".
func (x Executed) String() string {
	switch x {
	case ExecutedNo:
		return "no"
	case ExecutedMaybe:
		return "maybe"
	case ExecutedYes:
		return "yes"
	}
	return "Executed(" + strconv.Itoa(int(x)) + ")"
}

// Error is what every failed call returns, as a *Error: an answer that is not a
// 2xx, no answer, an answer that cannot be used, or input that was not sent.
// It matches the sentinels above, and through its cause the errors of package
// context and net. One whose wait did not fit the context's deadline is both
// the 429 and context.DeadlineExceeded.
//
// All its texts are free of the API key, of passwords given in the call, and of
// bodies, whatever the fmt verb or slog handler.
type Error struct {
	Provider  string // "identifai", "partoo", "usercom"
	Operation string // the method called, "UpsertUser"; empty for calls through API()
	Method    string // HTTP method
	Path      string // path of the URL, without the query
	// StatusCode is the HTTP status, 0 when there was no answer.
	StatusCode int
	// Message is what the vendor says of the request as a whole.
	Message string
	// Fields is what is wrong with single fields, in the vendor's words and
	// names, or in ours when the input was not sent. Fields in nested objects
	// have dotted names.
	Fields map[string][]string
	// RetryAfter is how long to wait before trying again: the server's wish, or
	// else the wait that the retry rules asked for and had no time for. 0: nothing known.
	RetryAfter time.Duration
	// Attempts is how often the request was sent, 0 when it was not.
	Attempts int
	// Executed says whether the server acted on any of the attempts. It has no
	// meaning for reads.
	Executed Executed
	// Body holds the first 64 KiB of the answer as received. It may repeat what
	// was sent and stays out of every text.
	Body []byte `json:"-"`
	// Header holds the harmless headers of the answer: dates, rate limits and
	// request ids.
	Header http.Header
	// Err is the cause, if any, as it came: its own text is not cleaned.
	Err error `json:"-"`

	cause     string // Err as text, without secrets
	truncated bool   // the answer broke off
}

// setCause sets Err, and its text as it may be shown.
func (e *Error) setCause(err error, x *callState) {
	e.Err = err
	// errors.Join puts a line each.
	e.cause = singleLine(x.redact(strings.ReplaceAll(err.Error(), "\n", "; ")))
}

// Error tells provider, operation, request, status, what the vendor says, the
// fields, and the cause.
func (e Error) Error() string {
	parts := make([]string, 0, 8)
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	add(e.Provider)
	add(e.Operation)
	add(strings.TrimSpace(e.Method + " " + e.Path))
	if e.StatusCode != 0 {
		add(strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode)))
	}
	add(e.Message)
	add(e.fieldsText())
	add(e.causeText())
	text := strings.Join(parts, ": ")
	if e.Attempts > 1 {
		text += fmt.Sprintf(" (after %d attempts)", e.Attempts)
	}
	return text
}

func (e Error) fieldsText() string {
	var texts []string
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		texts = append(texts, field+": "+strings.Join(e.Fields[field], ", "))
	}
	return strings.Join(texts, "; ")
}

// causeText is empty for an Error whose cause its fields tell already.
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
		return e.StatusCode == http.StatusNotFound && !isHTML(e.Body)
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

// Format writes the text of Error for every verb; %q quotes it.
func (e Error) Format(f fmt.State, verb rune) {
	text := e.Error()
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = f.Write([]byte(text))
}

// LogValue groups what the text tells, for slog.
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
