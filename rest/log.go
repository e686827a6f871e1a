package rest

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

func (c *Client) logAttempt(ctx context.Context, x *callState, resp *http.Response, err error, took time.Duration) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := append(x.attrs(), slog.Duration("took", took))
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode))
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "attempt", attrs...)
}

// logWait logs a wait that is about to begin. After a 429 whose answer names no
// time, how long it takes is the pacer's to find out: wait is 0 then.
func (c *Client) logWait(ctx context.Context, x *callState, e *Error, wait time.Duration) {
	if !c.log.Enabled(ctx, slog.LevelWarn) {
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
	c.log.LogAttrs(ctx, slog.LevelWarn, "waiting before another attempt", attrs...)
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
