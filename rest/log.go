package rest

import (
	"log/slog"
	"net/http"
	"time"
)

func (c *Client) logAttempt(x *callState, resp *http.Response, e *Error, took time.Duration) {
	if !c.log.Enabled(x.ctx, slog.LevelDebug) {
		return
	}
	attrs := append(x.attrs(), slog.Duration("took", took))
	switch {
	case e != nil:
		attrs = append(attrs, slog.Any("error", e))
	case resp != nil:
		attrs = append(attrs, slog.Int("status", resp.StatusCode))
	}
	c.log.LogAttrs(x.ctx, slog.LevelDebug, "attempt", attrs...)
}

// logWait logs a wait before it starts. After a 429 without Retry-After the pacer
// decides how long it takes: wait is 0 then.
func (c *Client) logWait(x *callState, e *Error, wait time.Duration) {
	if !c.log.Enabled(x.ctx, slog.LevelWarn) {
		return
	}
	attrs := x.attrs()
	if wait > 0 {
		attrs = append(attrs, slog.Duration("wait", wait.Round(time.Millisecond)))
	}
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	} else {
		attrs = append(attrs, slog.String("cause", e.cause))
	}
	c.log.LogAttrs(x.ctx, slog.LevelWarn, "waiting before another attempt", attrs...)
}

func (x *callState) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("provider", x.client.provider),
		slog.String("operation", x.call.Operation),
		slog.String("method", x.method),
		slog.String("path", x.redact(x.path)),
		slog.Int("attempt", x.attempts),
	}
}
