package rest

import (
	"log/slog"
	"net/http"
	"time"
)

func (x *callState) logAttempt(resp *http.Response, e *Error, took time.Duration) {
	if !x.client.log.Enabled(x.ctx, slog.LevelDebug) {
		return
	}
	result := slog.Any("error", e)
	if e == nil {
		result = slog.Int("status", resp.StatusCode)
	}
	x.log(slog.LevelDebug, "attempt", slog.Duration("took", took), result)
}

// logWait logs a wait before it starts. After a 429 without Retry-After the pacer
// decides how long it takes: wait is 0 then.
func (x *callState) logWait(e *Error, wait time.Duration) {
	if !x.client.log.Enabled(x.ctx, slog.LevelWarn) {
		return
	}
	var duration slog.Attr // handlers ignore an empty one
	if wait > 0 {
		duration = slog.Duration("wait", wait.Round(time.Millisecond))
	}
	reason := slog.Int("status", e.StatusCode)
	if e.StatusCode == 0 {
		reason = slog.String("cause", e.cause)
	}
	x.log(slog.LevelWarn, "waiting before another attempt", duration, reason)
}

func (x *callState) log(level slog.Level, message string, attrs ...slog.Attr) {
	x.client.log.LogAttrs(x.ctx, level, message, append([]slog.Attr{
		slog.String("provider", x.client.provider),
		slog.String("operation", x.call.Operation),
		slog.String("method", x.method),
		slog.String("path", x.redact(x.path)),
		slog.Int("attempt", x.attempts),
	}, attrs...)...)
}
