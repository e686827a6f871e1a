package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// copiedSpecs is a copy of specs/ that a test may change.
func copiedSpecs(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "specs")
	require.NoError(t, os.CopyFS(dir, os.DirFS("../specs")))
	return dir
}

func readSpecText(t *testing.T, specs, provider string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(specs, provider+".yaml"))
	require.NoError(t, err)
	return string(text)
}

// What --write leaves to a person.
func isLeft(c Change) bool {
	for _, text := range []string{"new operation", "operation removed", "tags changed", "the example", "callback", "webhook"} {
		if strings.Contains(c.What, text) {
			return true
		}
	}
	return false
}

// TestWriteAppliesChanges writes every fifth prepared change.
func TestWriteAppliesChanges(t *testing.T) {
	t.Parallel()
	testWrite(t, 5)
}

// TestSoakWriteAppliesEveryChange writes all of them.
func TestSoakWriteAppliesEveryChange(t *testing.T) {
	if os.Getenv("USERSYNC_SOAK") == "" {
		t.Skip("set USERSYNC_SOAK=1 to run")
	}
	t.Parallel()
	testWrite(t, 1)
}

// testWrite writes each step-th prepared change. After it no change is left that
// can be written, and writing again changes nothing.
func testWrite(t *testing.T, step int) {
	for i, c := range preparedChanges {
		if i%step != 0 {
			continue
		}
		t.Run(c.provider+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			specs, source := copiedSpecs(t), editedDocument(t, c.provider, c.changes)

			_, report := drift(t, c.provider, "--specs", specs, "--write", "--from", source)

			assert.Empty(t, report.Problems)
			for _, change := range report.Changes {
				assert.True(t, isLeft(change), "not written: %s: %s", change.Place, change.What)
			}
			written := readSpecText(t, specs, c.provider)
			if len(c.want) == 0 {
				assert.Equal(t, readSpecText(t, "../specs", c.provider), written)
			}
			_, _ = drift(t, c.provider, "--specs", specs, "--write", "--from", source)
			assert.Equal(t, written, readSpecText(t, specs, c.provider), "a second run changes nothing")
		})
	}
}

func TestSpecsAreInCanonicalFormat(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		specs := copiedSpecs(t)
		code, report := drift(t, provider, "--specs", specs, "--write", "--from", "../specs/"+provider+".yaml")
		assert.Equal(t, exitNoChange, code, "%+v", report)
		assert.Equal(t, readSpecText(t, "../specs", provider), readSpecText(t, specs, provider), "run drift --write")
	}
}
