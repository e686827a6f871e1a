package specs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

// TestSpecIsValid checks the vendors' documents without our overlays. make update
// runs it before it generates.
func TestSpecIsValid(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			plain, err := openapi3.NewLoader().LoadFromFile(provider + ".yaml")
			require.NoError(t, err, "correct specs/%s.yaml", provider)
			assert.NoError(t, plain.Validate(t.Context()), "correct specs/%s.yaml", provider)
		})
	}
}

func TestSpecWithOverlayIsValid(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		assert.NoError(t, spectest.Load(t, provider).Validate(t.Context()), "correct specs/%s.yaml or its overlay", provider)
	}
}

func TestInvalidSpecsAreDetected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, old, replacement, want string
	}{
		{"response example, wrong type", "identifai.yaml", "                  balance: null\n", "                  balance: much\n", "balance"},
		{"response example, null", "identifai.yaml", "                  name: UserName\n", "                  name: null\n", "name"},
		{"response example, missing field", "identifai.yaml", "                available_credits: 159\n", "", "available_credits"},
		{"response example, our spec", "usercom.yaml", "                id: 5577\n", "                id: many\n", "id"},
		{"request example", "usercom.yaml", "              user_id: my_custom_id\n", "              user_id: 7\n", "user_id"},
		{"schema example", "partoo.yaml", "      example: fr\n", "      example: tlh\n", "value"},
		{"error example", "identifai.yaml", "message: Too Many Attempts.", "message: 429", "message"},
		{"default", "partoo.yaml", "                    default: User not authenticated\n", "                    default: 401\n", "default"},
		{"unknown type", "partoo.yaml", "      type: string\n      format: password\n", "      type: text\n      format: password\n", "text"},
		{"dangling reference", "usercom.yaml", "schemas/Gender'", "schemas/Sex'", "Sex"},
		{"action without target", "partoo.overlay.yaml", "$.components.schemas.UserPage\n", "$.components.schemas.Page\n", "schemas.Page"},
		{"copy without source", "identifai.overlay.yaml", "copy: $.paths['/api/partner/user']", "copy: $.paths['/api/partner/usr']", "usr"},
		{"unknown action", "identifai.overlay.yaml", "    remove: true\n", "    delete: true\n", "delete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := copySpecs(t)
			edit(t, filepath.Join(dir, c.file), c.old, c.replacement)

			err := validate(t, dir, strings.SplitN(c.file, ".", 2)[0])

			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

// A new spec is tested as soon as its file exists.
func TestNewSpecIsTested(t *testing.T) {
	t.Parallel()
	dir := copySpecs(t)
	const text = "openapi: 3.0.3\ninfo: {title: Foo, version: '1'}\npaths:\n  /user:\n    get:\n      responses:\n" +
		"        '200': {description: OK, content: {application/json: {schema: {$ref: '#/components/schemas/Missing'}}}}\ncomponents: {schemas: {Present: {type: object}}}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "foo.yaml"), []byte(text), 0o600))

	providers, err := spectest.ProvidersIn(dir)

	require.NoError(t, err)
	require.Contains(t, providers, "foo")
	assert.ErrorContains(t, validate(t, dir, "foo"), "Missing")
}

// validate loads and validates a copy of a spec with its overlay.
func validate(t *testing.T, dir, provider string) error {
	t.Helper()
	doc, err := spectest.LoadFrom(dir, provider)
	if err != nil {
		return err
	}
	return doc.Validate(t.Context())
}

func copySpecs(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "specs")
	require.NoError(t, os.CopyFS(dir, os.DirFS(".")))
	return dir
}

func edit(t *testing.T, path, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, replacement)), 0o600))
}
