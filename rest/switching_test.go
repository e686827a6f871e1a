package rest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

// The body of a 101 is the connection itself: reading it would never end.
func TestSwitchingProtocolsIsAnError(t *testing.T) {
	released := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer conn.Close()
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_ = buffered.Flush()
		<-released
	}))
	defer server.Close()
	defer close(released)
	client, err := rest.NewClient(acme, testKey, rest.WithBaseURL(server.URL))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/user", nil)
	require.NoError(t, err)
	_, err = client.Do(req)
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 101, e.StatusCode)
}
