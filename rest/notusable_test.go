package rest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

func TestZeroClientReturnsError(t *testing.T) {
	for _, client := range []*rest.Client{nil, {}} {
		body := &closing{Reader: strings.NewReader("{}")}
		req, err := http.NewRequestWithContext(t.Context(), "POST", "https://api.acme.test/user", body)
		require.NoError(t, err)
		_, err = client.Do(req)
		require.ErrorContains(t, err, "create it with New")
		assert.True(t, body.closed.Load())
		assert.ErrorIs(t, client.WaitRetry(t.Context(), err, 1), err)
	}
}

func TestNilContextReturnsError(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) {
		t.Error("sent")
		return reply(200, "{}"), nil
	})
	var none context.Context
	ctx := rest.WithCall(rest.WithCall(none, rest.Call{Operation: "UpsertUser"}), rest.Call{Operation: "FindUser"})
	_, err := client.Do(newRequest(t, ctx, "GET", "/user", ""))
	require.ErrorContains(t, err, "acme: FindUser: GET /v1/user: the context is nil")
}
