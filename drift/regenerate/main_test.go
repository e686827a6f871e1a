package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each mistake makes the real generator fail.
func TestErrorsOfTheGeneratorAreExplained(t *testing.T) {
	t.Parallel()
	generator := filepath.Join(t.TempDir(), "oapi-codegen")
	build := exec.Command("go", "build", "-o", generator, "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen")
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, c := range []struct {
		name, file, old, replacement string
		marker                       string // text of the line that is reported
		want                         []string
	}{
		{"type list", "partoo.yaml", "    UserLastName:\n      description: Last name.\n      type: string\n", "    UserLastName:\n      type: [string, integer]\n",
			"    UserLastName:", []string{"schema UserLastName: unhandled Schema type", "Add an action to specs/partoo.overlay.yaml"}},
		{"type list of a property", "partoo.yaml", "        shadow_user_id:\n", "        second_id:\n          type: [string, integer]\n        shadow_user_id:\n",
			"        second_id:", []string{"schema User, property second_id: unhandled", "Add an action"}},
		{"allOf of two types", "partoo.yaml", "        shadow_user_id:\n", "        second_id:\n          allOf:\n            - type: string\n            - type: integer\n        shadow_user_id:\n",
			"        second_id:", []string{"schema User, property second_id: can not merge incompatible types", "Add an action"}},
		{"missing component", "partoo.yaml", "$ref: '#/components/schemas/UserOrder'", "$ref: '#/components/schemas/Order'",
			"schemas/Order'", []string{"a $ref to Order, which does not exist", "Correct the reference"}},
		{"overlay action without effect", "partoo.overlay.yaml", "$.components.schemas.UserPage\n", "$.components.schemas.Page\n",
			"$.components.schemas.Page", []string{"matches nothing", "remove the action if the vendor adopted"}},
		{"anything else", "partoo.yaml", "openapi: 3.1.0", "openapi: [3.1.0", "", []string{"specs/partoo.yaml or specs/partoo.overlay.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			require.NoError(t, os.CopyFS(filepath.Join(root, "specs"), os.DirFS("../../specs")))
			require.NoError(t, os.MkdirAll(filepath.Join(root, "gen", "partoo"), 0o755))
			config, err := os.ReadFile("../../gen/partoo/codegen.yaml")
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(root, "gen", "partoo", "codegen.yaml"), config, 0o600))
			file := filepath.Join(root, "specs", c.file)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Contains(t, string(text), c.old)
			text = []byte(strings.Replace(string(text), c.old, c.replacement, 1))
			require.NoError(t, os.WriteFile(file, text, 0o600))

			run := exec.Command(generator, "-config", "codegen.yaml", "../../specs/partoo.yaml")
			run.Dir = filepath.Join(root, "gen", "partoo")
			out, err := run.CombinedOutput()
			require.Error(t, err)

			explanation := explain(string(out)+"\nexit status 1\n", root, "partoo")
			for _, want := range c.want {
				assert.Contains(t, explanation, want, "%s", out)
			}
			if c.marker != "" {
				assert.Contains(t, explanation, lineOf(root, "specs/"+c.file, c.marker)+": ", "%s", out)
				assert.Contains(t, explanation, ": line ")
			}
		})
	}
}
