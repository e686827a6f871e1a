package specs_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
)

// calls sends one request of each provider's client.
var calls = map[string]func(*testing.T, rest.Option){
	"identifai": func(t *testing.T, option rest.Option) {
		c, err := identifai.New("api-key", option)
		require.NoError(t, err)
		_, _ = c.Credits(t.Context())
	},
	"partoo": func(t *testing.T, option rest.Option) {
		c, err := partoo.New("api-key", option)
		require.NoError(t, err)
		_, _ = c.Me(t.Context())
	},
	"usercom": func(t *testing.T, option rest.Option) {
		c, err := usercom.New("acme", strings.Repeat("k", 64), option)
		require.NoError(t, err)
		_, _ = c.GetUser(t.Context(), 1)
	},
}

// sentHeader records the header of a request and returns 404.
type sentHeader struct{ header http.Header }

func (s *sentHeader) RoundTrip(req *http.Request) (*http.Response, error) {
	s.header = req.Header.Clone()
	return &http.Response{StatusCode: http.StatusNotFound, Request: req, Header: make(http.Header), Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

// TestOperationsUseTheCredentialThatRestSends fails for an operation whose
// security scheme needs another credential.
func TestOperationsUseTheCredentialThatRestSends(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		call := calls[provider]
		require.NotNil(t, call, "add a call of %s to calls", provider)
		var sent sentHeader
		call(t, rest.WithHTTPClient(&http.Client{Transport: &sent}))
		doc := spectest.Load(t, provider)
		each(t, provider, func(operation *openapi3.Operation, method, path string) {
			requirements := doc.Security
			if operation.Security != nil {
				requirements = *operation.Security
			}
			assert.True(t, isMet(requirements, doc.Components.SecuritySchemes, sent.header),
				"%s %s %s: the client does not send this credential: change the security of the operation, or send the credential in rest", provider, method, path)
		})
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
