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

// closing is a body that records Close.
type closing struct {
	io.Reader
	closed atomic.Bool
}

func (c *closing) Close() error {
	c.closed.Store(true)
	return nil
}

// A response that is returned with an error is ignored, and its body is closed.
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

// The body of a request that is not sent is closed, as RoundTrip would do.
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

// The path may contain the key by a mistake of the caller.
func TestPathsAreRedacted(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(404, "{}"), nil })
	_, err := client.Do(newRequest(t, t.Context(), "GET", "/user/"+testKey, ""))
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok)
	assert.NotContains(t, e.Path, testKey)
	assert.Contains(t, e.Path, "/user/")
	assert.NotContains(t, err.Error(), testKey)
}

// An announced length takes no memory.
func TestContentLengthIsNotPreallocated(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const responses = 64
	for range responses {
		resp := reply(200, "")
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader("{}")), rest.DefaultResponseLimit
		_, err := rest.Decode[map[string]any](resp, nil)
		require.NoError(t, err)
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(responses*128<<10))
}

// Numbers in a message are kept as the server wrote them.
func TestErrorMessagesKeepNumbersAsWritten(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		return reply(400, `{"limit":[1234567],"rate":0.10,"at most":12345678901234567890}`), nil
	})
	_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok)
	assert.Equal(t, map[string][]string{"limit": {"1234567"}, "rate": {"0.10"}, "at most": {"12345678901234567890"}}, e.Fields)
}

// A body with data after the object is not JSON.
func TestErrorBodyWithTrailingDataIsNotParsed(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(400, `{"message":"no"} x`), nil })
	_, err := client.Do(newRequest(t, t.Context(), "GET", "/user", ""))
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok)
	assert.Empty(t, e.Message)
}

// If a name is in an object twice, the last value counts.
func TestDecodeTakesLastValueOfDuplicateName(t *testing.T) {
	out, err := rest.Decode[map[string]json.Number](reply(200, `{"id":1,"id":2}`), nil)
	require.NoError(t, err)
	assert.Equal(t, json.Number("2"), out["id"])
}
