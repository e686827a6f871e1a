package partoo_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
)

func TestNewRejectsInvalidOptions(t *testing.T) {
	tests := []struct {
		name, key string
		options   []rest.Option
		want      string
	}{
		{"no key", "", nil, "partoo: new client: API key: is required"},
		{"key with a line break", "secret\n", nil, "printable ASCII"},
		{"plain http", "secret", []rest.Option{rest.WithBaseURL("http://api.partoo.co/v2")}, "must be https"},
		{"no base URL", "secret", []rest.Option{rest.WithBaseURL("")}, "base URL: is required"},
		{"another provider's option", "secret", []rest.Option{rest.ProviderOption("identifai", "X", 1)}, "not an option of partoo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := partoo.New(tt.key, tt.options...)
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestBaseURLsEqualSpec(t *testing.T) {
	var urls []string
	for _, server := range spectest.Load(t, "partoo").Servers {
		urls = append(urls, server.URL)
	}
	assert.Equal(t, []string{partoo.Production, partoo.Sandbox}, urls)
}

type hosts struct{ urls []string }

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	h.urls = append(h.urls, r.URL.String())
	return nil, assert.AnError
}

func TestProductionIsTheDefault(t *testing.T) {
	log := new(hosts)
	hc := rest.WithHTTPClient(&http.Client{Transport: log})
	once := rest.WithRetry(onlyOnce)
	for _, options := range [][]rest.Option{{hc, once}, {hc, once, rest.WithBaseURL(partoo.Sandbox)}} {
		client, err := partoo.New("key", options...)
		require.NoError(t, err)
		_, err = client.Me(t.Context())
		require.ErrorIs(t, err, assert.AnError)
	}
	assert.Equal(t, []string{"https://api.partoo.co/v2/user/me", "https://api.sandbox.partoo.co/v2/user/me"}, log.urls)
}

func TestAPIUsesTheSameStack(t *testing.T) {
	bubble(t, func(t *testing.T, server *partootest.Server, client *partoo.Client) {
		me, err := client.API().GetMyUserWithResponse(t.Context(), &gen.GetMyUserParams{DisplayBusinessIDs: new(true)})
		require.NoError(t, err)
		assert.Equal(t, partootest.OrgID, *me.JSON200.OrgID)

		_, err = client.API().GetUserWithResponse(t.Context(), "none", nil)
		require.ErrorIs(t, err, rest.ErrNotFound)
		assert.EqualError(t, err, "partoo: GET /v2/user/none: 404 Not Found: Resource not found")
	})
}

func TestInvalidAPIKey(t *testing.T) {
	server := partootest.NewServer()
	client, err := partoo.New("wrong-key", server.Options()...)
	require.NoError(t, err)
	_, err = client.UpsertUser(t.Context(), ada())
	require.ErrorIs(t, err, rest.ErrUnauthorized)
	assert.EqualError(t, err, "partoo: UpsertUser: GET /v2/user/search: 401 Unauthorized: User not authenticated")
}
