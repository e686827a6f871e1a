package resttest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
)

func TestRequestsAreRecordedWithoutCredentials(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, _ *fake) {
		req, err := http.NewRequestWithContext(t.Context(), "PUT", server.URL+"/user/a%2Fb/?email=a%2Bb@example.com&email=c", strings.NewReader("body"))
		require.NoError(t, err)
		for _, name := range []string{"Authorization", "x-acme-KEY", "Cookie"} {
			req.Header.Set(name, "hunter2")
		}
		req.Header.Set("Accept", "application/json")
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())

		requests := server.Requests()
		require.Len(t, requests, 1)
		got := requests[0]
		assert.Equal(t, "PUT", got.Method)
		assert.Equal(t, "/user/a%2Fb/", got.Path)
		assert.Equal(t, url.Values{"email": {"a+b@example.com", "c"}}, got.Query)
		assert.Equal(t, "body", string(got.Body))
		assert.Equal(t, 201, got.Status)
		assert.False(t, got.Faulted)
		assert.Equal(t, "application/json", got.Header.Get("Accept"))
		for _, name := range []string{"Authorization", "X-Acme-Key", "Cookie"} {
			assert.Equal(t, []string{"[redacted]"}, got.Header[name])
		}
		assert.NotContains(t, fmt.Sprint(requests), "hunter2")
	})
}

func TestRecordsAreBounded(t *testing.T) {
	server := resttest.NewServer("acme", http.NotFoundHandler())
	call := func(path, body string) {
		server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(body)))
	}
	call("/long", strings.Repeat("x", 3<<20))
	assert.Len(t, server.Requests()[0].Body, 1<<20)
	for i := range 10_001 {
		call(fmt.Sprintf("/%d", i), "")
	}
	requests := server.Requests()
	assert.Len(t, requests, 10_000)
	assert.Equal(t, "/1", requests[0].Path)
	assert.Equal(t, "/10000", requests[9_999].Path)
}

func TestTruncatedRequestBodyReturnsErrorToHandler(t *testing.T) {
	f := new(fake)
	server := resttest.NewServer("acme", f)
	server.Start()
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), "POST", server.URL,
		io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), iotest.ErrReader(io.ErrClosedPipe)))
	require.NoError(t, err)
	req.ContentLength = 200_000
	_, err = server.Client().Do(req)
	require.Error(t, err)
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		requests := server.Requests()
		if assert.Len(c, requests, 1) {
			assert.NotEmpty(c, requests[0].Body)
			assert.Less(c, len(requests[0].Body), 200_000)
			assert.Equal(c, 400, requests[0].Status, "the fake sees the error")
		}
	}, 10*time.Second, time.Millisecond)
}
