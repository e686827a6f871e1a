package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAcceptedChangesAreNotReported(t *testing.T) {
	t.Parallel()
	specs := copiedSpecs(t)
	document := specDocument(t, "partoo")
	edit(t, document, without("fr"), "components", "schemas", "Lang", "enum")
	edit(t, document, set(newOp), "paths", "/user/me", "put")
	source := write(t, t.TempDir(), "openapi.json", canonical(document))

	code, report := drift(t, "partoo", "--specs", specs, "--accept", "--from", source)
	assert.Equal(t, exitNoChange, code)
	assert.Len(t, report.Changes, 2, "what was accepted is listed once")

	code, report = drift(t, "partoo", "--specs", specs, "--from", source)
	assert.Equal(t, exitNoChange, code)
	assert.Empty(t, report.Changes)
	assert.Contains(t, strings.Join(report.Notes, "\n"), "1 accepted differences")
	assert.Contains(t, strings.Join(report.Notes, "\n"), "1 known operations")

	// A further change is new, and so is another value of the accepted one.
	edit(t, document, without("en"), "components", "schemas", "Lang", "enum")
	code, report = drift(t, "partoo", "--specs", specs, "--from", write(t, t.TempDir(), "openapi.json", canonical(document)))
	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Changes, 1)
	assert.Contains(t, report.Changes[0].What, `"en"`)
}

func TestAcceptedChangesOfOtherProvidersAreReported(t *testing.T) {
	t.Parallel()
	specs := copiedSpecs(t)
	document := specDocument(t, "usercom")
	edit(t, document, set("2"), "info", "version")
	source := write(t, t.TempDir(), "openapi.json", canonical(document))
	drift(t, "usercom", "--specs", specs, "--accept", "--from", source)
	code, report := drift(t, "identifai", "--specs", specs, "--from", "../specs/identifai.yaml")
	assert.Equal(t, exitNoChange, code, "%+v", report)
	_, report = drift(t, "partoo", "--specs", specs, "--from", source)
	assert.NotEmpty(t, report.Changes)
}

// --accept stores the hash of a page of prose with its source. Before, a change of
// the text cannot be seen.
func TestAcceptStoresTheTextOfAPage(t *testing.T) {
	t.Parallel()
	page := prosePage
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(page)) }))
	t.Cleanup(server.Close)
	specs, source := copiedSpecs(t), server.URL+"/user/"
	run := func(args ...string) (int, Report) {
		return drift(t, "usercom", append(args, "--specs", specs, "--from", source)...)
	}

	code, report := run()
	assert.Equal(t, exitNoChange, code, "%+v", report)
	assert.Contains(t, strings.Join(report.Notes, "\n"), "no hash of the text is stored")
	run("--accept")
	code, report = run()
	assert.Equal(t, exitNoChange, code, "%+v", report)
	assert.NotContains(t, strings.Join(report.Notes, "\n"), "no hash")

	page = strings.Replace(prosePage, "Made-up", "Other", 1)
	code, report = run()
	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Changes, 1)
	assert.Contains(t, report.Changes[0].What, "the text changed")
	assert.Equal(t, source, report.Changes[0].Source)
	run("--accept")
	code, report = run()
	assert.Equal(t, exitNoChange, code, "%+v", report)
}

func TestDeadLinksCanBeAccepted(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	specs := copiedSpecs(t)
	server := site(t, v, map[string]string{"/llms.txt": indexOf(v) + "- [Page](/pages/gone.md): words\n"})
	run := func(args ...string) (int, Report) {
		return drift(t, "partoo", append(args, "--specs", specs, "--from", server.URL+"/llms.txt")...)
	}
	code, _ := run()
	assert.Equal(t, exitUnreadable, code)
	run("--accept")
	code, report := run()
	assert.Equal(t, exitNoChange, code, "%+v", report)
	assert.Contains(t, strings.Join(report.Notes, "\n"), "accepted: ")
}

// The ids must fit the texts, or an accepted change would be reported again.
func TestBaselineIsConsistent(t *testing.T) {
	t.Parallel()
	b, err := readBaseline("../specs")
	require.NoError(t, err)
	for provider, known := range b.accepted {
		assert.Contains(t, providers, provider)
		for _, change := range known.Changes {
			assert.Equal(t, change.withID().ID, change.ID, "%s: %s", change.Place, change.What)
			assert.NotEmpty(t, change.Reason, "%s: %s", change.Place, change.What)
		}
		for operation, reason := range known.OutOfScope {
			assert.NotEmpty(t, reason, operation)
		}
	}
}

func TestInvalidBaseline(t *testing.T) {
	t.Parallel()
	specs := copiedSpecs(t)
	require.NoError(t, os.WriteFile(filepath.Join(specs, baselineFile), []byte(`{"partoo": {"changed": []}}`), 0o600))
	_, err := readBaseline(specs)
	assert.ErrorContains(t, err, `unknown field "changed"`)
}
