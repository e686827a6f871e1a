package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

// maxAllocations is how many allocations the stack may add to a call of a bare
// http.Client that reads the response itself.
const maxAllocations = 8

func TestAllocationsPerCall(t *testing.T) {
	tr := transport(func(*http.Request) (*http.Response, error) { return reply(200, `{"id":7}`), nil })
	client := newClient(t, tr, rest.WithHTTPClient(&http.Client{Transport: tr})) // without the body check of newClient
	bare := &http.Client{Transport: tr}
	req := newRequest(t, t.Context(), "GET", "/user", "")

	ours := testing.AllocsPerRun(200, func() {
		_, err := rest.Decode[user](client.Do(req))
		require.NoError(t, err)
	})
	theirs := testing.AllocsPerRun(200, func() {
		_, err := rest.Decode[user](bare.Do(req))
		require.NoError(t, err)
	})
	t.Logf("bare %v, ours %v", theirs, ours)
	assert.LessOrEqual(t, ours-theirs, float64(maxAllocations))
}
