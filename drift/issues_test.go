package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// standIn is an issue tracker in memory with GitHub's API.
type standIn struct {
	mu     sync.Mutex
	issues []map[string]any
	writes []string
	fails  bool
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.Header.Get("Authorization") != "Bearer secret-token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(req.URL.Path, "/repos/acme/usersync/issues")
	var fields map[string]any
	if req.Method != http.MethodGet {
		s.writes = append(s.writes, req.Method)
		if err := json.NewDecoder(req.Body).Decode(&fields); err != nil || s.fails {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
	}
	switch req.Method {
	case http.MethodGet:
		list := []map[string]any{{"number": 900, "state": "open", "body": providerMark("partoo"), "pull_request": map[string]any{}}}
		for i := len(s.issues) - 1; i >= 0; i-- { // the newest first
			list = append(list, s.issues[i])
		}
		_ = json.NewEncoder(w).Encode(list)
	case http.MethodPost:
		fields["number"], fields["state"] = len(s.issues)+1, "open"
		s.issues = append(s.issues, fields)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(fields)
	case http.MethodPatch:
		var number int
		_, _ = fmt.Sscanf(path, "/%d", &number)
		for key, value := range fields {
			s.issues[number-1][key] = value
		}
	}
}

// issue returns a field of an issue; set changes one, as a person would.
func (s *standIn) issue(i int, field string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issues[i][field]
}

func (s *standIn) set(i int, field string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issues[i][field] = value
}

func (s *standIn) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.issues)
}

func (s *standIn) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = true
}

func (s *standIn) takeWrites() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	writes := s.writes
	s.writes = nil
	return writes
}

// nightly runs the script of the workflow against the stand-in.
func nightly(t *testing.T, tracker *httptest.Server, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"nightly.sh", "--every", "0s"}, args...)...)
	cmd.Env = append(os.Environ(), "GITHUB_API_URL="+tracker.URL, "GITHUB_REPOSITORY=acme/usersync", "GITHUB_TOKEN=secret-token")
	out, err := cmd.CombinedOutput()
	assert.NotContains(t, string(out), "secret-token")
	return string(out), err
}

// needsShell skips a test of the script where it does not run. These tests are not
// parallel: each builds the command to the same file.
func needsShell(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil || runtime.GOOS == "windows" {
		t.Skip("no sh found")
	}
}

func TestNightlyScriptKeepsOneIssuePerProvider(t *testing.T) {
	needsShell(t)
	s := new(standIn)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	document := specDocument(t, "partoo")
	run := func() {
		t.Helper()
		out, err := nightly(t, server, "--provider", "partoo", "--from", write(t, t.TempDir(), "openapi.json", canonical(document)))
		require.NoError(t, err, out)
	}

	run()
	assert.Empty(t, s.takeWrites(), "nothing changed: no issue")

	edit(t, document, without("fr"), "components", "schemas", "Lang", "enum")
	run()
	assert.Equal(t, []string{"POST"}, s.takeWrites())
	require.Equal(t, 1, s.count())
	assert.Equal(t, "drift: partoo: 1 breaking", s.issue(0, "title"))
	assert.Contains(t, s.issue(0, "body"), `value "fr" removed`)

	run()
	assert.Empty(t, s.takeWrites(), "the same report")

	edit(t, document, without("en"), "components", "schemas", "Lang", "enum")
	run()
	assert.Equal(t, []string{"PATCH"}, s.takeWrites(), "another report")
	assert.Contains(t, s.issue(0, "body"), `"en"`)

	s.set(0, "state", "closed")
	run()
	assert.Empty(t, s.takeWrites(), "the same report")
	edit(t, document, without("de"), "components", "schemas", "Lang", "enum")
	run()
	assert.Equal(t, "open", s.issue(0, "state"), "another report opens it again")
	s.takeWrites()

	document = specDocument(t, "partoo")
	run()
	assert.Equal(t, []string{"PATCH"}, s.takeWrites())
	assert.Equal(t, "closed", s.issue(0, "state"))
	assert.Equal(t, 1, s.count())
}

func TestNightlyScriptReportsUnreadableSources(t *testing.T) {
	needsShell(t)
	s := new(standIn)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	out, err := nightly(t, server, "--provider", "partoo", "--from", "no-such-file.yaml")
	require.NoError(t, err, out)
	require.Equal(t, 1, s.count())
	assert.Contains(t, s.issue(0, "body"), "no such file")

	s.fail()
	out, err = nightly(t, server, "--provider", "usercom", "--from", "no-such-file.yaml")
	require.Error(t, err, out)
	assert.Contains(t, out, "issue for usercom: POST /issues: status 422")
}

func TestTrackerNeedsItsEnvironment(t *testing.T) {
	t.Parallel()
	_, err := newTracker(func(string) string { return "" })
	assert.ErrorContains(t, err, "GITHUB_TOKEN")
	_, err = newTracker(func(string) string { return "ftp://x" })
	assert.ErrorContains(t, err, "GITHUB_API_URL")
}

// A vendor's text can neither close an issue nor mention anyone.
func TestIssueTextIsEscaped(t *testing.T) {
	t.Parallel()
	r := Report{Provider: "partoo", Changes: []Change{{Group: Breaking, Place: "x", What: "@admin fixes #1 <!-- drift report -->"}}}
	var text strings.Builder
	require.NoError(t, writeMarkdown(&text, []Report{r}))
	assert.NotContains(t, text.String(), "@admin")
	assert.NotContains(t, text.String(), " #1")
	assert.NotContains(t, text.String(), "<!--")
}
