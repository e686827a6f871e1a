package rest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

func TestBaseURL(t *testing.T) {
	tests := []struct {
		base, want, problem string
	}{
		{"https://api.acme.test/v2", "https://api.acme.test/v2", ""},
		{"https://api.acme.test/v2/", "https://api.acme.test/v2", ""},
		{"https://API.acme.test", "https://api.acme.test", ""},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080", ""},
		{"http://127.9.9.9/x", "http://127.9.9.9/x", ""},
		{"http://localhost:1/x", "http://localhost:1/x", ""},
		{"http://[::1]:8080", "http://[::1]:8080", ""},
		{"", "", "is required"},
		{"http://api.acme.test", "", "must be https"},
		{"http://127.0.0.1.evil.test", "", "must be https"},
		{"http://localhost.evil.test", "", "must be https"},
		{"ftp://api.acme.test", "", `scheme "ftp"`},
		{"api.acme.test/v2", "", "want https://host/path"},
		{"https://", "", "want https://host/path"},
		{"https:api.acme.test", "", "want https://host/path"},
		{"https://user:hunter2@api.acme.test", "", "user info"},
		{"https://api.acme.test?x=1", "", "query"},
		{"https://api.acme.test?", "", "query"},
		{"https://api.acme.test#f", "", "fragment"},
		{"https://api.acme.test#", "", "fragment"},
		{"https://api.acme.test/a/../b", "", "dot segments"},
		{"https://api.acme.test//b", "", "empty or dot segments"},
		{"https://api.acme.test//", "", "empty or dot segments"},
		{"https://api.acme.test/.", "", "empty or dot segments"},
		{"https://api acme.test:hunter2", "", "cannot be parsed"},
		{"://hunter2", "", "cannot be parsed"},
	}
	for _, tt := range tests {
		t.Run(tt.base, func(t *testing.T) {
			client, err := rest.NewClient(acme, testKey, rest.WithBaseURL(tt.base))
			if tt.problem != "" {
				require.ErrorContains(t, err, tt.problem)
				assert.NotContains(t, err.Error(), "hunter2")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, client.BaseURL())
		})
	}
}

func FuzzBaseURL(f *testing.F) {
	for _, seed := range []string{"https://h/v2", "http://127.0.0.1:1", "https://u:p@h", "https://h?x", "https://h/%2e%2e/", "http://[::1%25eth0]:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, base string) {
		client, err := rest.NewClient(acme, testKey, rest.WithBaseURL(base))
		if err != nil {
			return
		}
		again, err := rest.NewClient(acme, testKey, rest.WithBaseURL(client.BaseURL()))
		require.NoError(t, err, "what was accepted is accepted again: %q", client.BaseURL())
		assert.Equal(t, client.BaseURL(), again.BaseURL())
	})
}
