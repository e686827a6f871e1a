package check_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

func TestSameUser(t *testing.T) {
	require.NoError(t, check.SameUser("acme", "GetUser", nil, 7, 7))
	err := check.SameUser("acme", "GetUser", &http.Response{StatusCode: 201}, "a", "b")
	e, ok := errors.AsType[*rest.Error](err)
	require.True(t, ok)
	assert.Equal(t, rest.ExecutedYes, e.Executed)
	assert.Equal(t, 201, e.StatusCode)
	assert.Contains(t, err.Error(), "acme: GetUser: ")
	assert.Contains(t, err.Error(), "response contains a different user than a")
}
