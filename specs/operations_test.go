package specs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

var sources = []string{"published", "reference-page", "older-copy", "third-party", "inferred"}

// row returns an operation in the form of the table in README.md.
func row(operation *openapi3.Operation, method, path string) string {
	return fmt.Sprintf("%s | %s %s | %v", operation.OperationID, method, path, operation.Extensions["x-source"])
}

func TestOperationsAreInTheTable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	pattern := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) `([^`]+)` \\| ([\\w-]+) \\| \\S.* \\|$")
	var rows []string
	for _, match := range pattern.FindAllStringSubmatch(string(readme), -1) {
		rows = append(rows, fmt.Sprintf("%s | %s %s | %s", match[1], match[2], match[3], match[4]))
	}

	var operations []string
	for _, provider := range spectest.Providers(t) {
		each(t, provider, func(operation *openapi3.Operation, method, path string) {
			assert.Contains(t, sources, operation.Extensions["x-source"], "%s %s", method, path)
			operations = append(operations, row(operation, method, path))
		})
	}
	assert.ElementsMatch(t, operations, rows)
}

func TestSourcesAreKnown(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`x-source: *(\S+)`)
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		marks := pattern.FindAllStringSubmatch(string(text), -1)
		assert.NotEmpty(t, marks, file)
		for _, match := range marks {
			assert.Contains(t, sources, match[1], file)
		}
	}
}

// Every operation requires the key and documents 401 and 429.
func TestOperationsDocument401And429(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		security := spectest.Load(t, provider).Security
		each(t, provider, func(operation *openapi3.Operation, method, path string) {
			name := provider + " " + method + " " + path
			requirements := security
			if operation.Security != nil {
				requirements = *operation.Security
			}
			assert.NotEmpty(t, requirements, name)
			assert.NotNil(t, operation.Responses.Status(401), name)
			assert.NotNil(t, operation.Responses.Status(429), name)
		})
	}
}

// An inline schema would become an anonymous Go struct.
func TestBodiesHaveNamedSchemas(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		each(t, provider, func(operation *openapi3.Operation, method, path string) {
			var contents []openapi3.Content
			if operation.RequestBody != nil {
				contents = append(contents, operation.RequestBody.Value.Content)
			}
			for _, response := range operation.Responses.Map() {
				contents = append(contents, response.Value.Content)
			}
			for _, content := range contents {
				for _, media := range content {
					require.NotNil(t, media.Schema, "%s %s %s", provider, method, path)
					assert.True(t, strings.HasPrefix(media.Schema.Ref, "#/components/schemas/"), "%s %s %s", provider, method, path)
				}
			}
		})
	}
}

func TestUserComUpsertHasTheAllowedAttributes(t *testing.T) {
	t.Parallel()
	schema := spectest.Load(t, "usercom").Components.Schemas["UpdateOrCreateUserRequest"].Value
	var names []string
	for name := range schema.Properties {
		names = append(names, name)
	}
	assert.ElementsMatch(t, []string{
		"assigned_to", "city", "company_id", "country", "email", "facebook_url", "first_name", "gender", "google_url",
		"gravatar_url", "last_name", "linkedin_url", "notifications", "phone_number", "region", "score", "status",
		"timezone", "twitter_url", "unsubscribed", "user_id",
	}, names)
	assert.Nil(t, schema.AdditionalProperties.Schema)
	assert.Nil(t, schema.AdditionalProperties.Has)
}

func each(t *testing.T, provider string, visit func(operation *openapi3.Operation, method, path string)) {
	t.Helper()
	doc := spectest.Load(t, provider)
	require.NotZero(t, doc.Paths.Len())
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			visit(operation, method, path)
		}
	}
}
