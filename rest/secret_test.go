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

// A password is removed from errors in every encoding of JSON.
func TestSecretsAreRedactedInAllJSONEncodings(t *testing.T) {
	const secret = `pä/ss"w<ö>rd😀` + "\u2028!"
	for name, quoted := range map[string]string{
		"plain":        secret,
		"Go":           `pä/ss\"w\u003cö\u003erd😀\u2028!`,
		"without HTML": `pä/ss\"w<ö>rd😀\u2028!`,
		"ASCII":        `p\u00e4/ss\"w<\u00f6>rd\ud83d\ude00\u2028!`,
		"PHP":          `p\u00e4\/ss\"w<\u00f6>rd\ud83d\ude00\u2028!`,
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, func(*http.Request) (*http.Response, error) {
				body, err := json.Marshal(map[string]string{"message": "cannot read " + quoted})
				return reply(http.StatusBadRequest, string(body)), err
			})
			ctx := rest.WithCall(t.Context(), rest.Call{Secrets: []rest.Secret{secret}})
			_, err := client.Do(newRequest(t, ctx, "POST", "/user", `{}`))
			require.ErrorContains(t, err, "cannot read [redacted]")
			for _, verb := range []string{"%v", "%+v", "%q", "%#v"} {
				assert.NotContains(t, fmt.Sprintf(verb, err), "ss", err)
			}
		})
	}
}
