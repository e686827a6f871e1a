package reliability

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest/resttest"
)

// TestOperationsUseTheCredentialThatRestSends fails for an operation whose
// security scheme needs another credential.
func TestOperationsUseTheCredentialThatRestSends(t *testing.T) {
	t.Parallel()
	all := operations()
	for _, provider := range spectest.Providers(t) {
		i := slices.IndexFunc(all, func(op operation) bool { return op.provider == provider })
		require.GreaterOrEqual(t, i, 0, "%s: add a list of entries", provider)
		var sent http.Header
		_, _ = all[i].start(connection{t: t, key: key, transport: func(*resttest.Server) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				sent = r.Header.Clone()
				return reply(http.StatusNotFound, nil, "{}"), nil
			})
		}}).call(t.Context())
		doc := spectest.Load(t, provider)
		for path, item := range doc.Paths.Map() {
			for method, operation := range item.Operations() {
				requirements := doc.Security
				if operation.Security != nil {
					requirements = *operation.Security
				}
				assert.True(t, isMet(requirements, doc.Components.SecuritySchemes, sent),
					"%s %s %s: the client does not send this credential: change the security of the operation, or send the credential in rest", provider, method, path)
			}
		}
	}
}

func TestOtherCredentialsAreDetected(t *testing.T) {
	t.Parallel()
	schemes := openapi3.SecuritySchemes{
		"Key":    {Value: &openapi3.SecurityScheme{Type: "apiKey", In: "header", Name: "x-apikey"}},
		"Query":  {Value: &openapi3.SecurityScheme{Type: "apiKey", In: "query", Name: "x-apikey"}},
		"Bearer": {Value: &openapi3.SecurityScheme{Type: "http", Scheme: "bearer"}},
	}
	sent := http.Header{"X-Apikey": {"k"}, "Authorization": {"Token k"}}
	for requirement, want := range map[string]bool{"Key": true, "Query": false, "Bearer": false, "Unknown": false} {
		assert.Equal(t, want, isMet(openapi3.SecurityRequirements{{requirement: nil}}, schemes, sent), requirement)
	}
	assert.False(t, isMet(openapi3.SecurityRequirements{{"Key": nil, "Bearer": nil}}, schemes, sent))
	assert.True(t, isMet(openapi3.SecurityRequirements{{"Bearer": nil}, {"Key": nil}}, schemes, sent))
}

// isMet reports whether a request meets one of the requirements.
func isMet(requirements openapi3.SecurityRequirements, schemes openapi3.SecuritySchemes, sent http.Header) bool {
	for _, requirement := range requirements {
		met := true
		for name := range requirement {
			scheme := schemes[name]
			met = met && scheme != nil && isSent(scheme.Value, sent)
		}
		if met {
			return true
		}
	}
	return false
}

func isSent(scheme *openapi3.SecurityScheme, sent http.Header) bool {
	if scheme.Type == "http" {
		word, _, _ := strings.Cut(sent.Get("Authorization"), " ")
		return strings.EqualFold(word, scheme.Scheme)
	}
	return scheme.Type == "apiKey" && scheme.In == "header" && sent.Get(scheme.Name) != ""
}
