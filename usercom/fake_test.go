package usercom_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

const (
	upsertURL = "POST /api/public/users/update_or_create/{$}"
	setURL    = "POST /api/public/users/{id}/set_multiple_attributes/{$}"
	userURL   = "/api/public/users/{id}/{$}"
)

// newClient returns a client of server. Every exchange is validated against the
// spec, except responses with the status of a fault.
func newClient(t *testing.T, server *usercomtest.Server, more ...rest.Option) *usercom.Client {
	t.Helper()
	transport := spectest.Transport(t, "usercom", server.Client().Transport, spectest.AllowStatus(200, 403, 429, 502, 504))
	options := append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, transport)}))
	client, err := usercom.New("", usercomtest.Key, append(options, more...)...)
	require.NoError(t, err)
	return client
}

// clientWithResponse returns a client that gets this response to every request, and
// its server.
func clientWithResponse(t *testing.T, status int, body string) (*usercom.Client, *usercomtest.Server) {
	t.Helper()
	server := usercomtest.NewServer()
	server.Fail(resttest.Fault{Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}.Repeat(-1))
	client, err := usercom.New("", usercomtest.Key, server.Options()...)
	require.NoError(t, err)
	return client, server
}

// transportFunc is a transport that needs no server.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// sent is a request that was sent.
type sent struct {
	url    string // with its method
	header http.Header
	body   string
}

// recording returns a client whose requests are recorded. Every response is the
// result of an upsert.
func recording(t *testing.T, options ...rest.Option) (*usercom.Client, *[]sent) {
	t.Helper()
	var requests []sent
	hc := &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
		}
		requests = append(requests, sent{r.Method + " " + r.URL.String(), r.Header.Clone(), string(body)})
		result := `{"created":true,"id":5577,"email":"ada@example.com"}`
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(result)), Request: r}, nil
	})}
	client, err := usercom.New("app", usercomtest.Key, append(options, rest.WithHTTPClient(hc))...)
	require.NoError(t, err)
	return client, &requests
}

// clientThatDropsAccept returns an HTTP client whose requests have no Accept header, as
// if the server ignored the version.
func clientThatDropsAccept(server *usercomtest.Server) *http.Client {
	next := server.Client().Transport
	return &http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Del("Accept")
		return next.RoundTrip(r)
	})}
}
