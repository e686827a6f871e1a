package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

func TestSecretPrintsAsRedactedUnderEveryVerb(t *testing.T) {
	secret := rest.Secret("hunter2")
	withSecrets := struct {
		Password rest.Secret
		Pointer  *rest.Secret
		Map      map[string]rest.Secret
	}{secret, &secret, map[string]rest.Secret{"a": secret}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%10s", "%t"} {
		for _, value := range []any{secret, &secret, withSecrets, []rest.Secret{secret}} {
			text := fmt.Sprintf(verb, value, value)
			assert.NotContains(t, text, "hunter2", verb)
			assert.NotContains(t, text, "68756e74657232", verb)
		}
	}
	assert.Equal(t, "[redacted]", secret.String())
	assert.Equal(t, "[redacted]", secret.GoString())

	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", secret)
	assert.NotContains(t, out.String(), "hunter2")
}

func TestSecretMarshalsAsPlainText(t *testing.T) {
	data, err := json.Marshal(map[string]rest.Secret{"password": "hunter2"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"password":"hunter2"}`, string(data))
	var back rest.Secret
	require.NoError(t, json.Unmarshal([]byte(`"hunter2"`), &back))
	assert.Equal(t, "hunter2", string(back))
}

// fmt prints a pointer without calling its methods if the verb does not fit.
func TestClientPrintsNoKey(t *testing.T) {
	client := newClient(t, func(*http.Request) (*http.Response, error) { return reply(200, "{}"), nil })
	assert.Equal(t, "acme client", fmt.Sprintf("%+v", client))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		for _, v := range []any{client, *client, struct{ c *rest.Client }{client}, &struct{ c *rest.Client }{client}, []*rest.Client{client}} {
			assert.NotContains(t, fmt.Sprintf(verb, v), testKey, verb)
		}
	}
}
