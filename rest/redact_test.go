package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

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

// Retry-After counts only with a status that asks the client to wait.
func TestRetryAfterOnOtherStatusesIsIgnored(t *testing.T) {
	for status, want := range map[int]bool{400: false, 403: false, 500: false, 429: true, 503: true} {
		client := newClient(t, func(*http.Request) (*http.Response, error) {
			resp := reply(status, `{}`)
			resp.Header.Set("Retry-After", "600")
			return resp, nil
		})
		_, err := client.Do(newRequest(t, t.Context(), "POST", "/user", `{}`))
		var e *rest.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, want, e.RetryAfter > 0, status)
	}
}
