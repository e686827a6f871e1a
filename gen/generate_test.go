package gen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

const generator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"

// TestCommittedCodeIsFresh runs what the go:generate lines say, on a copy.
func TestCommittedCodeIsFresh(t *testing.T) {
	t.Parallel()
	tool := buildGenerator(t)
	for _, provider := range spectest.Providers(t) {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			committed, err := os.ReadFile(filepath.Join(provider, "client.gen.go"))
			require.NoError(t, err)
			tree := copyTree(t, provider)

			first := tool.run(t, tree, provider)
			assert.True(t, first == string(committed), "gen/%s is stale: run make generate", provider)
			assert.True(t, first == tool.run(t, tree, provider), "a second run gives other bytes")

			// Proof that the comparison notices a change of the document.
			edit(t, filepath.Join(tree, "specs", provider+".yaml"), "        email:\n", "        e_mail:\n")
			assert.False(t, tool.run(t, tree, provider) == string(committed), "an edited document makes no difference")
		})
	}
}

// TestOverlayShapesTheCode proves that freshness covers the overlays too.
func TestOverlayShapesTheCode(t *testing.T) {
	t.Parallel()
	tool := buildGenerator(t)
	for provider, change := range map[string][2]string{
		"identifai": {"UserEnvelope", "Wrapped"},
		"partoo":    {"x-go-name: SidebarPage", "x-go-name: Feature"},
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			tree := copyTree(t, provider)
			before := tool.run(t, tree, provider)
			edit(t, filepath.Join(tree, "specs", provider+".overlay.yaml"), change[0], change[1])
			assert.False(t, tool.run(t, tree, provider) == before)
		})
	}
}

func TestDeadOverlayActionFails(t *testing.T) {
	t.Parallel()
	tool := buildGenerator(t)
	tree := copyTree(t, "partoo")
	edit(t, filepath.Join(tree, "specs", "partoo.overlay.yaml"), "$.paths['/user/search'].get\n", "$.paths['/user/find'].get\n")

	out, err := tool.command(t, tree, "partoo").CombinedOutput()

	require.Error(t, err)
	assert.Contains(t, string(out), "$.paths['/user/find'].get")
}

type tool string

// buildGenerator builds the generator that go.mod pins. Go's cache makes this
// a matter of linking.
func buildGenerator(t *testing.T) tool {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "oapi-codegen")
	out, err := exec.Command("go", "build", "-o", binary, generator).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return tool(binary)
}

// command is the go:generate line of a provider, with the built generator in
// place of go run.
func (b tool) command(t *testing.T, tree, provider string) *exec.Cmd {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(provider, "generate.go"))
	require.NoError(t, err)
	_, line, found := strings.Cut(string(source), "\n//go:generate go run "+generator+" ")
	require.True(t, found, "gen/%s/generate.go does not run the generator that go.mod pins", provider)
	cmd := exec.Command(string(b), strings.Fields(line)...)
	cmd.Dir = filepath.Join(tree, "gen", provider)
	return cmd
}

func (b tool) run(t *testing.T, tree, provider string) string {
	t.Helper()
	output := filepath.Join(tree, "gen", provider, "client.gen.go")
	require.NoError(t, os.RemoveAll(output))
	out, err := b.command(t, tree, provider).CombinedOutput()
	require.NoError(t, err, "%s", out)
	code, err := os.ReadFile(output)
	require.NoError(t, err)
	return string(code)
}

// copyTree copies what the generator reads to a place of its own.
func copyTree(t *testing.T, provider string) string {
	t.Helper()
	tree := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(tree, "specs"), os.DirFS(spectest.Dir(t))))
	dir := filepath.Join(tree, "gen", provider)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	config, err := os.ReadFile(filepath.Join(provider, "codegen.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "codegen.yaml"), config, 0o600))
	return tree
}

func edit(t *testing.T, path, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, replacement)), 0o600))
}
