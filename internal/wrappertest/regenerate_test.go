package wrappertest

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

// What a vendor might publish tomorrow.
const (
	newOperation = `  /user/{user_id}/suspend:
    post:
      x-source: published
      operationId: suspendUser
      parameters:
        - name: user_id
          in: path
          required: true
          schema:
            $ref: '#/components/schemas/UserId'
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/SuspendUserRequest'
      responses:
        '200':
          description: Suspended
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/SuspendUserResult'
components:
  schemas:
    SuspendUserRequest:
      type: object
      properties:
        reason:
          type: string
    SuspendUserResult:
      type: object
      properties:
        suspended:
          type: boolean
`
	newField = `                spare_text:
                  type: string
                send_invitation:
`
)

// TestNewOperationWorksAtOnce goes the whole way of a change, in a copy: the
// document is edited, the client regenerated, and the new operation called through
// API() with the key, the waiting and the errors of all others.
func TestNewOperationWorksAtOnce(t *testing.T) {
	t.Parallel()
	tree := copyModule(t)
	document := filepath.Join(tree, "specs", "partoo.yaml")
	edit(t, document, "\ncomponents:\n  schemas:\n", "\n"+newOperation)
	edit(t, document, "                send_invitation:\n", newField)
	test, err := os.ReadFile(filepath.Join("testdata", "suspend.go.txt"))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(tree, "suspend"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(tree, "suspend", "suspend_test.go"), test, 0o600))

	goCommand(t, tree, "generate", "./gen/partoo")
	goCommand(t, tree, "build", "./gen/partoo", "./partoo")
	out := goCommand(t, tree, "test", "-v", "-count=1", "./suspend")

	for _, name := range []string{"TestNewOperation", "TestNewOperationRefused", "TestNewField"} {
		assert.Contains(t, out, "--- PASS: "+name+" ")
	}
}

// copyModule copies what the module is built from.
func copyModule(t *testing.T) string {
	t.Helper()
	tree, root := t.TempDir(), filepath.Dir(spectest.Dir(t))
	for _, dir := range []string{"specs", "gen", "rest", "backoff", "upsert", "internal", "partoo"} {
		require.NoError(t, os.CopyFS(filepath.Join(tree, dir), os.DirFS(filepath.Join(root, dir))))
	}
	for _, file := range []string{"go.mod", "go.sum", "tools.go"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(tree, file), text, 0o600))
	}
	return tree
}

func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "PWD="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), out)
	return string(out)
}

func edit(t *testing.T, path, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), old), "%s in %s", old, path)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600))
}
