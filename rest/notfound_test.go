package rest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest"
)

// A page that says 404 comes from something that does not know the URL. Taken
// for "no such user" it would have callers create users anew.
func TestHTML404IsNotErrNotFound(t *testing.T) {
	for body, missing := range map[string]bool{
		"":                                    true,
		`{"detail":"Not found."}`:             true,
		"<!doctype html><h1>Not Found</h1>":   false,
		"\n  <html><body>nginx</body></html>": false,
	} {
		e := refused(t, 404, body)
		assert.Equal(t, 404, e.StatusCode)
		assert.Equal(t, missing, errors.Is(e, rest.ErrNotFound), body)
		if !missing {
			assert.ErrorContains(t, e, "404 Not Found: the answer is a web page, not one of the API: is the base URL right?")
		}
	}
}

func TestHTML404AfterDeleteIsAnError(t *testing.T) {
	page := &rest.Error{Method: "DELETE", StatusCode: 404, Executed: rest.ExecutedMaybe, Body: []byte("<html>")}
	assert.Equal(t, error(page), rest.IgnoreGone(page))
}
