package identifaitest_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
)

// reply is a response.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request, such as "GET /partner/users", with the key and an Accept
// header for JSON, which headers may replace. form is a list of names and values.
func send(t *testing.T, server *identifaitest.Server, line string, form []string, headers ...string) reply {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for i := 0; i+1 < len(form); i += 2 {
		require.NoError(t, parts.WriteField(form[i], form[i+1]))
	}
	require.NoError(t, parts.Close())
	method, path, _ := strings.Cut(line, " ")
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/api"+path, &body)
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", identifaitest.Key)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", parts.FormDataContentType())
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	resp, err := server.Client().Transport.RoundTrip(request) // a client would follow redirects
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp.StatusCode, resp.Header, strings.TrimSpace(string(text))}
}

// create returns a form that creates a user, followed by changes: of parts with the
// same name the last counts.
func create(changes ...string) []string {
	form := []string{"id", "", "name", "Ada", "email", "ada@example.com", "heuristic", "Average", "pricing_id", "2"}
	for i := 0; i+1 < len(changes); i += 2 {
		form = append(form, changes[i], changes[i+1])
	}
	return form
}

// without removes parts from a form.
func without(form []string, names ...string) []string {
	var rest []string
	for i := 0; i+1 < len(form); i += 2 {
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+form[i]+" ") {
			rest = append(rest, form[i], form[i+1])
		}
	}
	return rest
}

// seeded returns a server with one user, whose id is 1.
func seeded(options ...identifaitest.Option) *identifaitest.Server {
	server := identifaitest.NewServer(options...)
	server.AddUser(identifai.UserInput{Name: "Bob", Email: "bob@example.com", Heuristic: "Average", PricingID: 1})
	return server
}
