package rest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

type user struct {
	ID      int64     `json:"id"`
	Created time.Time `json:"created"`
}

func (u user) Check() error {
	if u.ID == 0 {
		return errors.New("invalid response: no id")
	}
	return nil
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name    string
		status  int
		body    string
		problem string
	}{
		{"200", 200, `{"id":7}`, ""},
		{"201 instead of 200", 201, `{"id":7}`, ""},
		{"byte order mark", 200, "\ufeff{\"id\":7}", ""},
		{"unknown fields", 200, `{"id":7,"new":true}`, ""},
		{"empty body", 200, ``, "empty body"},
		{"blank body", 200, " \n", "empty body"},
		{"204", 204, ``, "empty body"},
		{"null", 200, ` null `, "invalid response: null"},
		{"HTML", 200, `<html>`, "HTML page instead of JSON"},
		{"truncated", 200, `{"id":`, "not JSON"},
		{"two values", 200, `{"id":7}{}`, "not JSON"},
		{"list", 200, `[{"id":7}]`, "unexpected response: JSON array"},
		{"wrong type", 200, `{"id":"` + testKey + `"}`, `field "id" is not of type int64`},
		{"unreadable time", 200, `{"id":7,"created":"2026-01-01 00:00:00"}`, ""},
		{"no id", 200, `{}`, "no id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(tt.status, tt.body), nil })
			ctx := rest.WithCall(t.Context(), rest.Call{Operation: "GetUser"})
			got, err := rest.Decode[user](client.Do(newRequest(t, ctx, "GET", "/user", "")))
			if tt.problem == "" {
				require.NoError(t, err)
				assert.Equal(t, int64(7), got.ID)
				return
			}
			var e *rest.Error
			require.ErrorAs(t, err, &e)
			assert.ErrorContains(t, err, tt.problem)
			assert.ErrorContains(t, err, "acme: GetUser: GET /v1/user: ")
			assert.NotContains(t, err.Error(), testKey)
			assert.Equal(t, tt.status, e.StatusCode)
			assert.Equal(t, rest.ExecutedYes, e.Executed)
			assert.Equal(t, 1, e.Attempts)
			assert.Equal(t, tt.body, string(e.Body))
			assert.Zero(t, got)
		})
	}
}

func TestDecodeReturnsGivenError(t *testing.T) {
	_, err := rest.Decode[user](nil, io.ErrClosedPipe)
	assert.Equal(t, io.ErrClosedPipe, err)
	assert.Equal(t, io.ErrClosedPipe, rest.Discard(nil, io.ErrClosedPipe))
}

// A response that is not from a Client is checked in the same way.
func TestDecodeResponseFromOtherClient(t *testing.T) {
	other := func(status int, body string) *http.Response {
		resp := reply(status, body)
		resp.Request = newRequest(t, t.Context(), "GET", "/user", "")
		return resp
	}
	got, err := rest.Decode[user](other(200, `{"id":7}`), nil)
	require.NoError(t, err)
	assert.Equal(t, int64(7), got.ID)

	_, err = rest.Decode[user](other(404, `{"message":"deleted"}`), nil)
	require.ErrorIs(t, err, rest.ErrNotFound)
	assert.ErrorContains(t, err, "GET /v1/user: 404 Not Found: deleted")

	resp := other(200, "")
	resp.Body, resp.ContentLength = io.NopCloser(endless{}), -1
	_, err = rest.Decode[user](resp, nil)
	require.ErrorIs(t, err, rest.ErrTooLarge)

	resp = reply(200, `null`)
	_, err = rest.Decode[user](resp, nil)
	require.ErrorContains(t, err, "invalid response: null")
}

func TestDiscardAcceptsAny2xx(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204} {
		client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(status, "text"), nil })
		require.NoError(t, rest.Discard(client.Do(newRequest(t, t.Context(), "DELETE", "/user", ""))))
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, strings.Repeat("x", len(p))), nil }
