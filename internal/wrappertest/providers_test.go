// Package wrappertest tests what all wrappers have in common.
package wrappertest

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

// parts are what a provider consists of: a file, and a pattern that the file must
// contain. PROVIDER is replaced by the provider's name.
var parts = []struct{ what, glob, pattern string }{
	{"a generated package: add gen/PROVIDER/codegen.yaml and generate.go, then run make generate", "gen/PROVIDER/client.gen.go", `^// Package PROVIDER |package PROVIDER`},
	{"a wrapper with a Client and UpsertUser: add package PROVIDER", "PROVIDER/*.go", `func \(\w+ \*Client\) UpsertUser\(`},
	{"a fake server: add package PROVIDER/PROVIDERtest", "PROVIDER/PROVIDERtest/*.go", `func NewServer\(`},
	{"the vendor's pages: add x-provenance with their URLs to the info of the spec", "specs/PROVIDER.yaml", `(?m)^  x-provenance:`},
	{"a description for the command: add it to the list in cmd/usersync/provider.go", "cmd/usersync/*.go", `name:\s+"PROVIDER"`},
	{"a row for each operation in the table of sources", "specs/README.md", `(?i)PROVIDER`},
}

// TestEveryProviderIsComplete checks that each spec in specs/ has everything that
// belongs to a provider.
func TestEveryProviderIsComplete(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		assert.Empty(t, missingParts(t, filepath.Dir(spectest.Dir(t)), provider), "specs/%s.yaml makes %s a provider, which lacks these", provider, provider)
	}
}

func TestMissingPartsAreDetected(t *testing.T) {
	t.Parallel()
	assert.Len(t, missingParts(t, t.TempDir(), "foo"), len(parts))
}

// missingParts returns what the provider lacks below root.
func missingParts(t *testing.T, root, provider string) (missing []string) {
	t.Helper()
	fill := func(text string) string { return regexp.MustCompile("PROVIDER").ReplaceAllString(text, provider) }
	for _, part := range parts {
		files, err := filepath.Glob(filepath.Join(root, fill(part.glob)))
		require.NoError(t, err)
		pattern, found := regexp.MustCompile(fill(part.pattern)), false
		for _, file := range files {
			if matched, err := filepath.Match("*_test.go", filepath.Base(file)); err == nil && matched {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			found = found || pattern.Match(text)
		}
		if !found {
			missing = append(missing, fill(part.what))
		}
	}
	return missing
}
