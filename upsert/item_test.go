package upsert_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/upsert"
)

type secretive struct{ Password string }

func (secretive) LogValue() slog.Value { return slog.StringValue("a user") }

func TestItemLogsTheUserByItsLogValue(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("done", "item", upsert.Item[secretive, int]{Index: 3, User: secretive{"Pa55word!"}, Result: 7})
	logger.Info("done", "item", upsert.Item[secretive, int]{Err: errors.New("rejected")})
	assert.NotContains(t, log.String(), "Pa55word!")
	assert.Contains(t, log.String(), `"item":{"index":3,"user":"a user","result":7}`)
	assert.Contains(t, log.String(), `"error":"rejected"`)
}
