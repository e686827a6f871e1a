package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWaitLogCounts429s(t *testing.T) {
	var out bytes.Buffer
	waits := newWaitLog(&out)
	log := slog.New(waits)
	log.Warn("waiting", "status", 429)
	log.With("provider", "partoo").Warn("waiting", "status", 429)
	log.WithGroup("partoo").Warn("waiting", "status", 429)
	log.Warn("waiting", "status", 503)
	log.Warn("waiting", "attempt", 429)
	log.Debug("attempt", "status", 429)
	assert.Equal(t, int64(3), waits.count429.Load())
	assert.Equal(t, 5, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), "provider=partoo")
}
