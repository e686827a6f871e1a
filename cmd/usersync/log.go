package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
)

// waitLog writes the waits of a provider's client, one line each, and counts
// those after a 429.
type waitLog struct {
	slog.Handler
	count429 *atomic.Int64
}

func newWaitLog(w io.Writer) waitLog {
	return waitLog{slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}), new(atomic.Int64)}
}

func (l waitLog) Handle(ctx context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "status" && a.Value.Kind() == slog.KindInt64 && a.Value.Int64() == http.StatusTooManyRequests {
			l.count429.Add(1)
		}
		return true
	})
	return l.Handler.Handle(ctx, r)
}

func (l waitLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return waitLog{l.Handler.WithAttrs(attrs), l.count429}
}

func (l waitLog) WithGroup(name string) slog.Handler {
	return waitLog{l.Handler.WithGroup(name), l.count429}
}
