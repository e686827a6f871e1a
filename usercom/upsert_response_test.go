package usercom_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// A response without a result is an error that keeps the status.
func TestUpsertRejectsResponsesWithoutAResult(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"null", 200, `null`, "null"},
		{"empty", 200, ``, "empty body"},
		{"no content", 204, ``, "empty body"},
		{"empty object", 200, `{}`, `no "created"`},
		{"no id", 201, `{"created":true}`, `no "id"`},
		{"id 0", 200, `{"created":true,"id":0}`, `no "id"`},
		{"no outcome", 200, `{"id":5577}`, `no "created"`},
		{"list", 200, `[{"created":true,"id":5577}]`, "unexpected response"},
		{"text for the id", 200, `{"created":true,"id":"5577"}`, "unexpected response"},
		{"page", 200, `<html></html>`, "HTML page"},
		{"cut", 200, `{"created":tr`, "not JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, server := clientWithResponse(t, tt.status, tt.body)
			result, err := client.UpsertUser(t.Context(), ada())
			assert.ErrorContains(t, err, tt.want)
			var e *rest.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.status, e.StatusCode)
			assert.Equal(t, rest.ExecutedYes, e.Executed)
			assert.Zero(t, result)
			assert.Len(t, server.Requests(), 1)
		})
	}
}

// A response of 1 GiB is neither stored nor read to its end.
func TestUpsertRejectsTooLargeResponse(t *testing.T) {
	server := usercomtest.NewServer()
	server.Fail(resttest.Fault{Status: 200, Body: `{"created":true,"id":1}`, Size: 1 << 30})
	_, err := newClient(t, server).UpsertUser(t.Context(), ada())
	assert.ErrorIs(t, err, rest.ErrTooLarge)
}

// The key is not sent to another origin.
func TestUpsertDoesNotFollowRedirects(t *testing.T) {
	other := usercomtest.NewServer()
	other.Start()
	defer other.Close()
	server := usercomtest.NewServer()
	server.Start()
	defer server.Close()
	for _, status := range []int{301, 302, 307, 308} {
		server.Fail(resttest.Fault{Status: status, Header: map[string][]string{"Location": {other.URL + "/api/public/users/update_or_create/"}}})
		client, err := usercom.New("", usercomtest.Key, server.Options()...)
		require.NoError(t, err)
		_, err = client.UpsertUser(t.Context(), ada())
		assert.ErrorIs(t, err, rest.ErrRedirect)
	}
	assert.Empty(t, other.Requests())
}
