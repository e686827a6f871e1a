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

// notes is a test whose errors are noted, and whose end can be had early.
type notes struct {
	testing.TB
	errors []string
	end    func()
}

func (n *notes) Helper()          {}
func (n *notes) Cleanup(f func()) { n.end = f }
func (n *notes) Errorf(format string, args ...any) {
	n.errors = append(n.errors, fmt.Sprintf(format, args...))
}

type stub struct{ answer *http.Response }

func (s stub) RoundTrip(*http.Request) (*http.Response, error) {
	if s.answer == nil {
		return nil, errors.New("reset")
	}
	return s.answer, nil
}

func answer(body io.Reader) *http.Response {
	return &http.Response{Status: "200 OK", StatusCode: 200, ContentLength: -1, Body: io.NopCloser(body)}
}

func TestTransportReportsWhatBecameOfBodies(t *testing.T) {
	long := func() io.Reader { return strings.NewReader(strings.Repeat(" ", 65<<10)) }
	announced, switched := answer(long()), answer(long())
	announced.ContentLength = 65 << 10
	switched.StatusCode = http.StatusSwitchingProtocols
	brokenOff := answer(iotest.ErrReader(io.ErrUnexpectedEOF))
	readAll := func(b io.ReadCloser) { _, _ = io.Copy(io.Discard, b); _ = b.Close() }
	readSome := func(n int64) func(io.ReadCloser) {
		return func(b io.ReadCloser) { _, _ = io.CopyN(io.Discard, b, n); _ = b.Close() }
	}
	tests := []struct {
		name   string
		answer *http.Response
		use    func(io.ReadCloser)
		want   string
	}{
		{"read and closed", answer(strings.NewReader("{}")), readAll, ""},
		{"closed twice", answer(strings.NewReader("{}")), func(b io.ReadCloser) { readAll(b); _ = b.Close() }, ""},
		{"not closed", answer(strings.NewReader("{}")), func(b io.ReadCloser) { _, _ = io.ReadAll(b) }, "GET /user: 200 OK: the body was not closed"},
		{"not read", answer(strings.NewReader("{}")), readSome(0), "closed before its end"},
		{"read in part", answer(long()), readSome(10), "closed before its end"},
		{"read far enough", answer(long()), readSome(64 << 10), ""},
		{"announced as long", announced, readSome(0), ""},
		{"a connection", switched, readSome(0), ""},
		{"broken off", brokenOff, readAll, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &notes{TB: t}
			req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.acme.test/user", nil)
			require.NoError(t, err)
			resp, err := bodycheck.Transport(n, stub{tt.answer}).RoundTrip(req)
			require.NoError(t, err)
			tt.use(resp.Body)
			n.end()
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
