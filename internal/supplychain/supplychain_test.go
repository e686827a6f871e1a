// Package supplychain tests where dependencies and tools come from.
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

// A service that imports this module ignores its replace directives: it would
// build other code than the code tested here.
func TestGoModHasNoReplaceOrToolchain(t *testing.T) {
	t.Parallel()
	mod := parse(t, "go.mod")
	assert.Empty(t, mod.Replace)
	assert.Empty(t, mod.Exclude)
	assert.Nil(t, mod.Toolchain, "the importing service chooses the toolchain")
	for _, require := range mod.Require {
		assert.NoError(t, module.Check(require.Mod.Path, require.Mod.Version))
	}
}

// Nested modules may replace modules of this repository by the checkout, and
// nothing else.
func TestNestedModulesReplaceOnlyModulesOfThisRepository(t *testing.T) {
	t.Parallel()
	self := parse(t, "go.mod").Module.Mod.Path
	nested := nestedModules(t)
	require.NotEmpty(t, nested)
	for _, file := range nested {
		for _, replace := range parse(t, file).Replace {
			assert.True(t, replace.Old.Path == self || strings.HasPrefix(replace.Old.Path, self+"/"), "%s replaces %s", file, replace.Old.Path)
		}
	}
}

// nestedModules returns the go.mod files below the root, as the Makefile finds
// them. Directories that git ignores and test data are not modules.
func nestedModules(t *testing.T) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && path != root && (name == "bin" || name == "testdata" || strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		file, err := filepath.Rel(root, path)
		if entry.Name() == "go.mod" && file != "go.mod" {
			files = append(files, file)
		}
		return err
	}))
	return files
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
// "go install" expect it.
var versioned = regexp.MustCompile(`\b[\w-]+(?:\.[\w-]+)+(?:/[\w.-]+)+@(\S+)`)

func TestToolsArePinned(t *testing.T) {
	t.Parallel()
	text := read(t, "Makefile") + generators(t)
	for _, file := range append(glob(t, ".ci/*"), glob(t, ".github/workflows/*")...) {
		text += read(t, file)
	}
	assert.NotEmpty(t, versioned.FindString(text))
	assert.Empty(t, unpinned(text))
}

func TestUnpinnedToolIsDetected(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"latest", "v1.2", "main"}, unpinned("go run example.com/tool@latest ./...\n"+
		"T = example.com/a/b-c@v1.2\ngo install example.com/d@main\ngo run example.com/e/v2/cmd/f@v2.0.1 ada@example.com"))
}

// unpinned lists the versions in text that may mean other code tomorrow.
func unpinned(text string) (versions []string) {
	for _, match := range versioned.FindAllStringSubmatch(text, -1) {
		if v := match[1]; semver.Canonical(v) != v {
			versions = append(versions, v)
		}
	}
	return versions
}

// A tag of an action can be moved to other code; a commit cannot.
func TestActionsArePinnedToCommits(t *testing.T) {
	t.Parallel()
	uses := regexp.MustCompile(`\buses:\s*(\S+)(.*)`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	files := glob(t, ".github/workflows/*")
	require.NotEmpty(t, files)
	for _, file := range files {
		for _, match := range uses.FindAllStringSubmatch(read(t, file), -1) {
			assert.Regexp(t, pinned, match[1], file)
			assert.Regexp(t, `^ # v\d+\.\d+\.\d+$`, match[2], "%s: name the version in a comment", file)
		}
	}
}

func glob(t *testing.T, pattern string) (files []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	require.NoError(t, err)
	require.NotEmpty(t, paths, pattern)
	for _, path := range paths {
		file, err := filepath.Rel(root, path)
		require.NoError(t, err)
		files = append(files, file)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}

// generators returns the go:generate lines of the module.
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
