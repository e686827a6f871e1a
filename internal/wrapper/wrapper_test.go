package wrapper_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

func TestLookupError(t *testing.T) {
	err := wrapper.LookupError("acme", "FindUser", "no user has this email", rest.ErrNotFound)
	require.ErrorIs(t, err, rest.ErrNotFound)
	assert.ErrorContains(t, err, "acme: FindUser: no user has this email")
}

func TestRaiseExecutedNeverLowers(t *testing.T) {
	inner := &rest.Error{Executed: rest.ExecutedMaybe}
	err := fmt.Errorf("wrapped: %w", inner)
	assert.Equal(t, rest.ExecutedMaybe, wrapper.ExecutedOf(wrapper.RaiseExecuted(err, rest.ExecutedNo)))
	assert.Equal(t, rest.ExecutedYes, wrapper.ExecutedOf(wrapper.RaiseExecuted(err, rest.ExecutedYes)))
	wrapper.SetExecuted(err, rest.ExecutedNo)
	assert.Equal(t, rest.ExecutedNo, inner.Executed)
	other := errors.New("other")
	assert.Equal(t, other, wrapper.RaiseExecuted(other, rest.ExecutedYes))
	assert.Equal(t, rest.ExecutedNo, wrapper.ExecutedOf(other))
}

func TestPointers(t *testing.T) {
	assert.Nil(t, wrapper.PtrOrNil(""))
	assert.Equal(t, new("a"), wrapper.PtrOrNil("a"))
	assert.Equal(t, "a", wrapper.Deref(new("a")))
	assert.Zero(t, wrapper.Deref[int](nil))
}
