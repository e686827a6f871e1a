package rest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

// A 404 page comes from something that does not know the URL. If it matched
// ErrNotFound, callers would create users again.
func TestHTML404IsNotErrNotFound(t *testing.T) {
	for body, notFound := range map[string]bool{
		"":                                    true,
		`{"detail":"Not found."}`:             true,
		"<!doctype html><h1>Not Found</h1>":   false,
		"\n  <html><body>nginx</body></html>": false,
	} {
		e := rejected(t, 404, body)
		assert.Equal(t, 404, e.StatusCode)
		assert.Equal(t, notFound, errors.Is(e, rest.ErrNotFound), body)
		if !notFound {
			assert.ErrorContains(t, e, "404 Not Found: HTML page instead of JSON: is the base URL right?")
		}
	}
}

func TestHTML404AfterDeleteIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, steps: []func() (*http.Response, error){broken(reset), func() (*http.Response, error) { return reply(404, "<html>"), nil }}}
		_, err := s.do(t.Context(), rest.Call{}, "DELETE")
		require.Error(t, err)
		assert.Equal(t, err, rest.IgnoreGone(err))
	})
}

// A 404 that no user can cause asks about the base URL.
func Test404OfUnknownURL(t *testing.T) {
	create := rest.WithCall(t.Context(), rest.Call{Create: true})
	for _, tt := range []struct {
		ctx        context.Context
		body       string
		unknownURL bool
		message    string
	}{
		{t.Context(), `{"message": ""}`, true, "no such URL: is the base URL right?"},
		{t.Context(), `{"message":"The route api/user could not be found."}`, true, "no such URL: is the base URL right?; The route api/user could not be found."},
		{t.Context(), "\ufeff<html>", true, "HTML page instead of JSON: is the base URL right?"},
		{create, `{"detail":"Not found."}`, true, "no such URL: is the base URL right?; Not found."},
		{create, ``, true, "no such URL: is the base URL right?"},
		{t.Context(), `{"message":"No query results for model [App\\Models\\User] 9"}`, false, `No query results for model [App\Models\User] 9`},
		{t.Context(), `{"errors":{"json":"Resource not found"}}`, false, "Resource not found"},
		{t.Context(), `{"message":"","errors":{}}`, true, "no such URL: is the base URL right?"},
	} {
		e := rejectedFor(t, tt.ctx, 404, tt.body)
		assert.Equal(t, !tt.unknownURL, errors.Is(e, rest.ErrNotFound), tt.body)
		assert.Equal(t, tt.message, e.Message)
	}
	assert.NotErrorIs(t, rejectedFor(t, create, 400, `{"message":""}`), rest.ErrNotFound)
}
