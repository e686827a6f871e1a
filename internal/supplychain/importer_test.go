package supplychain

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// maxModules is the number of modules in the graph of a program that imports a
// wrapper, the program included. Each of them is one more to be checked for
// vulnerabilities by the importing project.
const maxModules = 45

// compiled are the packages outside the standard library and this module that
// such a program may compile.
var compiled = regexp.MustCompile(`^(github\.com/oapi-codegen/runtime(/internal/.+|/types)?|github\.com/apapsch/go-jsonmerge/v2|github\.com/google/uuid|golang\.org/x/text/(unicode/norm|transform))$`)

func TestImportersCompileFewPackages(t *testing.T) {
	t.Parallel()
	checkout, err := filepath.Abs(root)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("go.mod", "module example.com/importer\n\ngo "+parse(t, "go.mod").Go.Version+
		"\n\nrequire github.com/usersync/usersync v0.0.0\n\nreplace github.com/usersync/usersync => "+checkout+"\n")
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	write("go.sum", string(sums))
	write("main.go", "package main\n\nimport \"github.com/usersync/usersync/partoo\"\n\nfunc main() { _, _ = partoo.New(\"\") }\n")

	packages := goList(t, dir, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	for _, path := range packages {
		if !strings.HasPrefix(path, "github.com/usersync/usersync/") && path != "example.com/importer" {
			assert.Regexp(t, compiled, path, "a program that imports partoo compiles it")
		}
	}
	assert.Contains(t, packages, "github.com/oapi-codegen/runtime")
	modules := goList(t, dir, "-m", "all")
	assert.LessOrEqual(t, len(modules), maxModules, "modules in the graph of a program that imports partoo:\n%s", strings.Join(modules, "\n"))
	assert.Greater(t, len(modules), 5)
}

func goList(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-mod=mod"}, args...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
