// Package supplychain holds the tests of where dependencies and tools come from.
package supplychain

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

const root = "../.."

// A service that imports this module ignores its replace directives, and would
// get other code than the one tested here.
func TestGoModReplacesNothing(t *testing.T) {
	t.Parallel()
	mod := parse(t, "go.mod")
	assert.Empty(t, mod.Replace)
	assert.Empty(t, mod.Exclude)
	assert.Nil(t, mod.Toolchain, "whoever builds chooses the toolchain")
	for _, require := range mod.Require {
		assert.NoError(t, module.Check(require.Mod.Path, require.Mod.Version))
	}
}

// The modules beside it are never imported: they may replace this module by the
// checkout, and nothing else.
func TestNestedModulesReplaceNothingElse(t *testing.T) {
	t.Parallel()
	self := parse(t, "go.mod").Module.Mod.Path
	for _, dir := range []string{"bench", "drift"} {
		for _, replace := range parse(t, dir+"/go.mod").Replace {
			assert.Equal(t, self, replace.Old.Path, dir)
		}
	}
}

func parse(t *testing.T, file string) *modfile.File {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	mod, err := modfile.Parse(file, text, nil)
	require.NoError(t, err)
	return mod
}

// versioned matches a package of another module with its version, as "go run" and
// "go install" take it.
var versioned = regexp.MustCompile(`\b[\w-]+(?:\.[\w-]+)+(?:/[\w.-]+)+@(\S+)`)

func TestToolsArePinned(t *testing.T) {
	t.Parallel()
	text := read(t, "Makefile") + generators(t)
	ci, err := filepath.Glob(filepath.Join(root, ".ci", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, ci)
	for _, file := range ci {
		text += read(t, filepath.Join(".ci", filepath.Base(file)))
	}
	assert.NotEmpty(t, versioned.FindString(text))
	assert.Empty(t, unpinned(text))
}

func TestUnpinnedToolIsNoticed(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"latest", "v1.2", "main"}, unpinned("go run example.com/tool@latest ./...\n"+
		"T = example.com/a/b-c@v1.2\ngo install example.com/d@main\ngo run example.com/e/v2/cmd/f@v2.0.1 ada@example.com"))
}

// unpinned lists the versions in text that may stand for other code tomorrow.
func unpinned(text string) (versions []string) {
	for _, match := range versioned.FindAllStringSubmatch(text, -1) {
		if v := match[1]; semver.Canonical(v) != v {
			versions = append(versions, v)
		}
	}
	return versions
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}

// generators are the go:generate lines of the module.
func generators(t *testing.T) string {
	t.Helper()
	var lines strings.Builder
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "gen"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "//go:generate ") {
				lines.WriteString(line)
			}
		}
		return err
	}))
	require.NotEmpty(t, lines.String())
	return lines.String()
}
