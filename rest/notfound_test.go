package rest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

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
	page := &rest.Error{Method: "DELETE", StatusCode: 404, Executed: rest.ExecutedMaybe, Body: []byte("<html>")}
	assert.Equal(t, error(page), rest.IgnoreGone(page))
}
