package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

func TestErrorMatchesOnlyItsSentinel(t *testing.T) {
	sentinels := []error{rest.ErrInvalid, rest.ErrUnauthorized, rest.ErrForbidden, rest.ErrNotFound, rest.ErrConflict, rest.ErrRateLimited, rest.ErrUnavailable, rest.ErrTooLarge, rest.ErrRedirect}
	tests := map[int]error{
		300: rest.ErrRedirect, 304: rest.ErrRedirect, 308: rest.ErrRedirect,
		400: rest.ErrInvalid, 422: rest.ErrInvalid, 401: rest.ErrUnauthorized, 403: rest.ErrForbidden,
		404: rest.ErrNotFound, 409: rest.ErrConflict, 429: rest.ErrRateLimited,
		500: rest.ErrUnavailable, 502: rest.ErrUnavailable, 503: rest.ErrUnavailable, 529: rest.ErrUnavailable, 599: rest.ErrUnavailable,
		402: nil, 405: nil, 415: nil, 418: nil,
	}
	for status, want := range tests {
		e := rejected(t, status, `{}`)
		assert.Equal(t, status, e.StatusCode)
		for _, sentinel := range sentinels {
			assert.Equal(t, sentinel == want, errors.Is(e, sentinel), "%d is %v", status, sentinel)
		}
	}
}

func TestErrorReportsWhetherServerExecuted(t *testing.T) {
	for status, want := range map[int]rest.Executed{
		302: rest.ExecutedMaybe, 400: rest.ExecutedNo, 404: rest.ExecutedNo, 408: rest.ExecutedMaybe,
		429: rest.ExecutedNo, 500: rest.ExecutedMaybe, 503: rest.ExecutedMaybe,
	} {
		assert.Equal(t, want, rejected(t, status, ``).Executed, "%d", status)
	}
	assert.Equal(t, []string{"no", "maybe", "yes", "Executed(9)"},
		[]string{rest.ExecutedNo.String(), rest.ExecutedMaybe.String(), rest.ExecutedYes.String(), rest.Executed(9).String()})
}

func TestErrorText(t *testing.T) {
	e := rejected(t, 422, `{"message":"invalid","errors":{"name":["is short"],"email":["is taken","is odd"]}}`)
	assert.EqualError(t, e, "acme: CreateUser: POST /v1/user: 422 Unprocessable Entity: invalid: email: is taken, is odd; name: is short")
	assert.EqualError(t, &rest.Error{}, "")
	assert.EqualError(t, &rest.Error{Provider: "acme", Operation: "FindUser", Message: "no such user", Err: rest.ErrNotFound}, "acme: FindUser: no such user: not found")
	assert.EqualError(t, &rest.Error{StatusCode: 599, Attempts: 3}, "599 (after 3 attempts)")
}

// No text of an Error contains its body, or secrets that the server or the
// transport repeats.
func TestErrorPrintsNoSecretsAndNoBody(t *testing.T) {
	leak := errors.New("transport says " + testKey)
	client := newClient(t, func(*http.Request) (*http.Response, error) { return nil, leak })
	_, transportErr := client.Do(newRequest(t, rest.WithCall(t.Context(), rest.Call{NoRetry: true}), "POST", "/user", `{}`))
	require.ErrorIs(t, transportErr, leak)

	invalid := rejected(t, 400, `{"message":"`+testKey+`","hidden":"body-mark"}`)
	for _, err := range []error{transportErr, invalid, fmt.Errorf("wrapped: %w", invalid)} {
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		asJSON, jsonErr := json.Marshal(map[string]any{"pointer": e, "value": *e})
		require.NoError(t, jsonErr)
		var logs bytes.Buffer
		slog.New(slog.NewTextHandler(&logs, nil)).Error("x", "err", err, "value", *e)
		slog.New(slog.NewJSONHandler(&logs, nil)).Error("x", "err", err, "value", *e)
		texts := []string{string(asJSON), logs.String()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			texts = append(texts, fmt.Sprintf(verb, err), fmt.Sprintf(verb, *e), fmt.Sprintf(verb, []any{e, *e}), fmt.Sprintf(verb, struct{ E rest.Error }{*e}))
		}
		for _, text := range texts {
			assert.NotContains(t, text, testKey)
			assert.NotContains(t, text, "body-mark")
		}
	}
	assert.Contains(t, string(invalid.Body), "body-mark")
	assert.Equal(t, `"`+invalid.Error()+`"`, fmt.Sprintf("%q", invalid))
}

func TestErrorKeepsOnlyHarmlessHeaders(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		resp := reply(429, `{}`)
		resp.Header.Set("Retry-After", "60")
		resp.Header.Set("X-Request-Id", "id-"+testKey)
		resp.Header.Set("Set-Cookie", "session=1")
		return resp, nil
	})
	_, err := client.Do(newRequest(t, rest.WithCall(t.Context(), rest.Call{NoRetry: true}), "POST", "/user", `{}`))
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}, "Retry-After": {"60"}, "X-Request-Id": {"id-[redacted]"}}, e.Header)
	assert.Equal(t, time.Minute, e.RetryAfter)
}

func TestErrorLogValue(t *testing.T) {
	e := rejected(t, 429, `{"message":"slow down"}`)
	e.RetryAfter = time.Minute
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Error("x", "err", e)
	var record struct {
		Err map[string]any `json:"err"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &record))
	assert.Equal(t, map[string]any{
		"text": "acme: CreateUser: POST /v1/user: 429 Too Many Requests: slow down", "attempts": 1.0,
		"executed": "no", "status": 429.0, "retry_after": 6e10,
	}, record.Err)
}

func TestIgnoreGone(t *testing.T) {
	gone := &rest.Error{Method: "DELETE", StatusCode: 404, Attempts: 2, Executed: rest.ExecutedMaybe}
	assert.NoError(t, rest.IgnoreGone(gone))
	assert.NoError(t, rest.IgnoreGone(nil))
	for _, err := range []error{
		&rest.Error{Method: "DELETE", StatusCode: 404, Attempts: 1, Executed: rest.ExecutedNo},
		&rest.Error{Method: "GET", StatusCode: 404, Attempts: 2, Executed: rest.ExecutedMaybe},
		&rest.Error{Method: "DELETE", StatusCode: 403, Attempts: 2, Executed: rest.ExecutedMaybe},
		context.Canceled,
	} {
		assert.Equal(t, err, rest.IgnoreGone(err))
	}
}
