package bodycheck_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/bodycheck"
)

// notes records the errors of a test, and its cleanup function.
type notes struct {
	testing.TB
	errors  []string
	cleanup func()
}

func (n *notes) Helper()          {}
func (n *notes) Cleanup(f func()) { n.cleanup = f }
func (n *notes) Errorf(format string, args ...any) {
	n.errors = append(n.errors, fmt.Sprintf(format, args...))
}

type stub struct{ response *http.Response }

func (s stub) RoundTrip(*http.Request) (*http.Response, error) {
	if s.response == nil {
		return nil, errors.New("reset")
	}
	return s.response, nil
}

func response(body io.Reader) *http.Response {
	return &http.Response{Status: "200 OK", StatusCode: 200, ContentLength: -1, Body: io.NopCloser(body)}
}

func TestTransportReportsOpenAndUnreadBodies(t *testing.T) {
	long := func() io.Reader { return strings.NewReader(strings.Repeat(" ", 65<<10)) }
	longBody, switched := response(long()), response(long())
	longBody.ContentLength = 65 << 10
	switched.StatusCode = http.StatusSwitchingProtocols
	truncated := response(iotest.ErrReader(io.ErrUnexpectedEOF))
	readAll := func(b io.ReadCloser) { _, _ = io.Copy(io.Discard, b); _ = b.Close() }
	readSome := func(n int64) func(io.ReadCloser) {
		return func(b io.ReadCloser) { _, _ = io.CopyN(io.Discard, b, n); _ = b.Close() }
	}
	tests := []struct {
		name     string
		response *http.Response
		use      func(io.ReadCloser)
		want     string
	}{
		{"read and closed", response(strings.NewReader("{}")), readAll, ""},
		{"closed twice", response(strings.NewReader("{}")), func(b io.ReadCloser) { readAll(b); _ = b.Close() }, ""},
		{"not closed", response(strings.NewReader("{}")), func(b io.ReadCloser) { _, _ = io.ReadAll(b) }, "GET /user: 200 OK: the body was not closed"},
		{"not read", response(strings.NewReader("{}")), readSome(0), "closed before its end"},
		{"read in part", response(long()), readSome(10), "closed before its end"},
		{"read up to the limit", response(long()), readSome(64 << 10), ""},
		{"long Content-Length", longBody, readSome(0), ""},
		{"a connection", switched, readSome(0), ""},
		{"truncated", truncated, readAll, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &notes{TB: t}
			req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.acme.test/user", nil)
			require.NoError(t, err)
			resp, err := bodycheck.Transport(n, stub{tt.response}).RoundTrip(req)
			require.NoError(t, err)
			tt.use(resp.Body)
			n.cleanup()
			if tt.want == "" {
				assert.Empty(t, n.errors)
				return
			}
			require.Len(t, n.errors, 1)
			assert.Contains(t, n.errors[0], tt.want)
		})
	}
}

func TestTransportPassesErrorsAndEmptyResponses(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.acme.test/user", nil)
	require.NoError(t, err)
	_, err = bodycheck.Transport(t, stub{}).RoundTrip(req)
	require.ErrorContains(t, err, "reset")
	resp, err := bodycheck.Transport(t, stub{&http.Response{StatusCode: 204}}).RoundTrip(req)
	require.NoError(t, err)
	assert.Nil(t, resp.Body)
}
