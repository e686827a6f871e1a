package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// closing is a body that notes that it was closed.
type closing struct {
	io.Reader
	closed atomic.Bool
}

func (c *closing) Close() error {
	c.closed.Store(true)
	return nil
}

// An answer that comes with an error is none, and its body is closed.
func TestResponseReturnedWithErrorIsClosed(t *testing.T) {
	body := &closing{Reader: strings.NewReader("{}")}
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		resp := reply(200, "")
		resp.Body = body
		return resp, errors.New("out of order")
	}, rest.WithRetry(backoff.Policy{MaxAttempts: 1}))
	_, err := client.Do(newRequest(t, t.Context(), "POST", "/user", "{}"))
	assert.ErrorContains(t, err, "out of order")
	assert.True(t, body.closed.Load())
}

// A request that may not leave has its body closed, as RoundTrip would.
func TestUnsentRequestBodyIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(200, "{}"), nil },
			rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 1, Per: time.Minute}}}))
		_, err := client.Do(newRequest(t, t.Context(), "POST", "/user", "{}"))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		body := &closing{Reader: strings.NewReader("{}")}
		req := newRequest(t, ctx, "POST", "/user", "")
		req.Body = body
		_, err = client.Do(req)
		assert.ErrorIs(t, err, rest.ErrRateLimited)
		assert.True(t, body.closed.Load())
	})
}

// A path that holds the key, as a caller's slip may have it, is told without.
func TestPathsAreRedacted(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(404, "{}"), nil })
	_, err := client.Do(newRequest(t, t.Context(), "GET", "/user/"+testKey, ""))
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok)
	assert.NotContains(t, e.Path, testKey)
	assert.Contains(t, e.Path, "/user/")
	assert.NotContains(t, err.Error(), testKey)
}

// What is announced and does not come takes no memory.
func TestContentLengthIsNotPreallocated(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const answers = 64
	for range answers {
		resp := reply(200, "")
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader("{}")), rest.DefaultResponseLimit
		_, err := rest.Decode[map[string]any](resp, nil)
		require.NoError(t, err)
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(answers*128<<10))
}

// Numbers in a message are those that the server wrote.
func TestErrorMessagesKeepNumbersAsWritten(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		return reply(400, `{"limit":[1234567],"rate":0.10,"at most":12345678901234567890}`), nil
	})
	_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok)
	assert.Equal(t, map[string][]string{"limit": {"1234567"}, "rate": {"0.10"}, "at most": {"12345678901234567890"}}, e.Fields)
}

// Something behind an object is no message of the API.
func TestErrorBodyWithTrailingDataIsNotParsed(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(400, `{"message":"no"} x`), nil })
	_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok)
	assert.Empty(t, e.Message)
}

// Of a name that comes twice, the last value counts.
func TestDecodeTakesTheLastOfADuplicateName(t *testing.T) {
	out, err := rest.Decode[map[string]json.Number](reply(200, `{"id":1,"id":2}`), nil)
	require.NoError(t, err)
	assert.Equal(t, json.Number("2"), out["id"])
}
