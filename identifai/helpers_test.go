package identifai_test

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

const (
	writeURL = "POST /api/partner/user"
	mailURL  = "POST /api/partner/send_creation_email"
	listURL  = "GET /api/partner/users"
)

// ada is a user of the tests.
func ada() identifai.UserInput {
	return identifai.UserInput{Name: "Ada Lovelace", Email: "ada@example.com", Heuristic: "Average", PricingID: 2}
}

// connect returns a client of the fake. Every exchange is validated against the
// spec, except responses with a status in faults.
func connect(t *testing.T, server *identifaitest.Server, faults []int, options ...rest.Option) *identifai.Client {
	t.Helper()
	checked := spectest.Transport(t, "identifai", server.Client().Transport, spectest.AllowStatus(faults...))
	all := append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, checked)}))
	client, err := identifai.New(identifaitest.Key, append(all, options...)...)
	require.NoError(t, err)
	return client
}

// bubble runs test with a new fake and its client in a synctest bubble, in which
// waits take no time.
func bubble(t *testing.T, test func(t *testing.T, server *identifaitest.Server, client *identifai.Client), faults ...int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := identifaitest.NewServer()
		test(t, server, connect(t, server, faults))
	})
}

// sent lists the requests that the fake received, as "POST /api/partner/user".
func sent(server *identifaitest.Server) []string {
	var lines []string
	for _, r := range server.Requests() {
		lines = append(lines, r.Method+" "+r.Path)
	}
	return lines
}

// normalised returns the body of a request with its random boundary replaced by B.
func normalised(t *testing.T, r resttest.Request) string {
	t.Helper()
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	assert.Equal(t, "multipart/form-data", media)
	return string(bytes.ReplaceAll(r.Body, []byte(params["boundary"]), []byte("B")))
}

// respond makes the fake respond with this JSON.
func respond(status int, body string) resttest.Fault {
	return resttest.Fault{Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
}

// failure returns err as *rest.Error and checks what is true for every failed call.
func failure(t *testing.T, err error) *rest.Error {
	t.Helper()
	var e *rest.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "identifai", e.Provider)
	assert.NotContains(t, err.Error(), identifaitest.Key)
	return e
}

// transportFunc is a transport that needs no server.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// clientWithResponse returns a client that gets this response to every request.
func clientWithResponse(t *testing.T, status int, body string) *identifai.Client {
	t.Helper()
	client, err := identifai.New(identifaitest.Key, rest.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewBufferString(body))}, nil
	})}))
	require.NoError(t, err)
	return client
}
