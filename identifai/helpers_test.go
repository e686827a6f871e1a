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

// connect returns a client of the fake. What passes is held to the
// specification, answers with the statuses in faults excepted.
func connect(t *testing.T, server *identifaitest.Server, faults []int, options ...rest.Option) *identifai.Client {
	t.Helper()
	checked := spectest.Transport(t, "identifai", server.Client().Transport, spectest.AllowStatus(faults...))
	all := append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, checked)}))
	client, err := identifai.New(identifaitest.Key, append(all, options...)...)
	require.NoError(t, err)
	return client
}

// bubble runs test with a fresh fake and a client of it, where waits take no time.
func bubble(t *testing.T, test func(t *testing.T, server *identifaitest.Server, client *identifai.Client), faults ...int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := identifaitest.NewServer()
		test(t, server, connect(t, server, faults))
	})
}

// sent lists what the fake received, as "POST /api/partner/user".
func sent(server *identifaitest.Server) []string {
	var lines []string
	for _, r := range server.Requests() {
		lines = append(lines, r.Method+" "+r.Path)
	}
	return lines
}

// normalised is the body of a request with its random boundary replaced by B.
func normalised(t *testing.T, r resttest.Request) string {
	t.Helper()
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	assert.Equal(t, "multipart/form-data", media)
	return string(bytes.ReplaceAll(r.Body, []byte(params["boundary"]), []byte("B")))
}

// answer has JSON answered in place of what the fake would say.
func answer(status int, body string) resttest.Fault {
	return resttest.Fault{Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
}

// failure is what err must be after any failed call.
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

// answering returns a client to whom everything is answered with this.
func answering(t *testing.T, status int, body string) *identifai.Client {
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
