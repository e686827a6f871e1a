package partoo_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
)

// ada returns a user for tests.
func ada() partoo.UserInput {
	return partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleBusinessManager}
}

// connect returns a client of the fake. All requests and responses are checked against
// the spec, except responses with the statuses in faults.
func connect(t *testing.T, server *partootest.Server, faults []int, options ...rest.Option) *partoo.Client {
	t.Helper()
	checked := spectest.Transport(t, "partoo", server.Client().Transport, spectest.AllowStatus(faults...))
	all := append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, checked)}))
	client, err := partoo.New(partootest.Key, append(all, options...)...)
	require.NoError(t, err)
	return client
}

// bubble runs test with a new fake and a client of it; waits take no time.
func bubble(t *testing.T, test func(t *testing.T, server *partootest.Server, client *partoo.Client), faults ...int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		test(t, server, connect(t, server, faults))
	})
}

// sent lists the requests that the fake received, as "POST /v2/user".
func sent(server *partootest.Server) []string {
	var lines []string
	for _, r := range server.Requests() {
		lines = append(lines, r.Method+" "+r.Path)
	}
	return lines
}

func count(server *partootest.Server, line string) int {
	n := 0
	for _, s := range sent(server) {
		if s == line {
			n++
		}
	}
	return n
}

// wire records requests as the client sends them.
type wire struct {
	next http.RoundTripper
	mu   sync.Mutex
	log  []string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n", r.Method, r.URL.RequestURI())
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(r.Header[name], ", "))
	}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		fmt.Fprintf(&text, "\n%s", body)
	}
	w.mu.Lock()
	w.log = append(w.log, text.String())
	w.mu.Unlock()
	return w.next.RoundTrip(r)
}
