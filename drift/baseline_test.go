package main

import (
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

// --accept stores the hash of a page of prose with its source.
func TestAcceptStoresTheTextOfAPage(t *testing.T) {
	t.Parallel()
	specs := proseSpecs(t, prosePage)
	source := "https://user.com/pl/api/user/update-create-user/"
	ours, err := readSpec(specs, "usercom")
	require.NoError(t, err)
	before := provenanceOf(ours).prose.texts[source]

	j := job{specs: specs, provider: "usercom"}
	require.NoError(t, j.acceptTexts(Report{texts: map[string]string{source: strings.Repeat("a", 64)}}))

	ours, err = readSpec(specs, "usercom")
	require.NoError(t, err)
	assert.NotEqual(t, before, provenanceOf(ours).prose.texts[source])
	assert.Equal(t, strings.Repeat("a", 64), provenanceOf(ours).prose.texts[source])
}

func TestInvalidBaseline(t *testing.T) {
	t.Parallel()
	specs := copiedSpecs(t)
	require.NoError(t, os.WriteFile(filepath.Join(specs, baselineFile), []byte(`{"partoo": {"changed": []}}`), 0o600))
	_, err := readBaseline(specs)
	assert.ErrorContains(t, err, `unknown field "changed"`)
}
