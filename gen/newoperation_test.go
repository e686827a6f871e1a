package gen_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

// Additions to the spec of Partoo.
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

// TestNewOperationNeedsOnlyTheSpec adds an operation and a field to a spec, generates the
// code, and calls the operation through API(): key, retries and errors are those of all
// operations. The generated code replaces the committed code in the build of the test.
func TestNewOperationNeedsOnlyTheSpec(t *testing.T) {
	t.Parallel()
	specs, root := copySpecs(t), filepath.Dir(spectest.Dir(t))
	spec := filepath.Join(specs, "partoo.yaml")
	edit(t, spec, "\ncomponents:\n  schemas:\n", "\n"+newOperation)
	edit(t, spec, "                send_invitation:\n", newField)
	code, err := generate(t, specs, "partoo")
	require.NoError(t, err)
	generated, overlay := filepath.Join(specs, "client.gen.go"), filepath.Join(specs, "overlay.json")
	require.NoError(t, os.WriteFile(generated, []byte(code), 0o600))
	test, err := filepath.Abs(filepath.Join("testdata", "suspend.go.txt"))
	require.NoError(t, err)
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(root, "gen", "partoo", "client.gen.go"): generated,
		filepath.Join(root, "suspend", "suspend_test.go"):     test,
	}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, text, 0o600))

	binary := filepath.Join(specs, "suspend.test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, "-vet=off", "-overlay", overlay, "./suspend")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "PWD="+root)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.CommandContext(t.Context(), binary, "-test.v").CombinedOutput()

	require.NoError(t, err, "%s", out)
	for _, name := range []string{"TestNewOperation", "TestNewOperationRejected", "TestNewField"} {
		assert.Contains(t, string(out), "--- PASS: "+name+" ")
	}
}
