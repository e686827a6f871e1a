package wrapper_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

func TestNewError(t *testing.T) {
	err := wrapper.NewError("acme", "FindUser", "no user has this email", rest.ErrNotFound)
	require.ErrorIs(t, err, rest.ErrNotFound)
	assert.ErrorContains(t, err, "acme: FindUser: no user has this email")
}

func TestRequireID(t *testing.T) {
	require.NoError(t, wrapper.RequireID("a"))
	require.NoError(t, wrapper.RequireID(1))
	for _, err := range []error{wrapper.RequireID(""), wrapper.RequireID(0), wrapper.RequireID(-1)} {
		assert.EqualError(t, err, `unexpected response: no "id"`)
	}
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

func TestDeref(t *testing.T) {
	assert.Equal(t, "a", wrapper.Deref(new("a")))
	assert.Zero(t, wrapper.Deref[int](nil))
}

type group struct{ Password rest.Secret }

func (g group) Format(f fmt.State, verb rune) { wrapper.Format(f, verb, g) }

type input struct {
	Name  string `json:"name"`
	Key   rest.Secret
	Group group
}

func (i input) Format(f fmt.State, verb rune) { wrapper.Format(f, verb, i) }
func (i input) LogValue() slog.Value          { return wrapper.LogValue(i) }

func TestSecretsAreRedacted(t *testing.T) {
	in := input{Name: "Ada", Key: "s3cret", Group: group{"s3cret"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q", "%x"} {
		for _, v := range []any{in, &in, []input{in}, []*input{&in}, in.Group, []*group{&in.Group}} {
			assert.NotContains(t, fmt.Sprintf(verb, v), "s3cret", verb)
		}
	}
	assert.Equal(t, "{Name:Ada Key:[redacted] Group:{Password:[redacted]}}", fmt.Sprintf("%+v", in))
	assert.Equal(t, "{Name:Ada Key:[redacted] Group:{Password:[redacted]}}", fmt.Sprintf("%+v", input{Name: "Ada"}), "rest.Secret prints itself so")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "input", in)
	assert.Contains(t, log.String(), `"input":{"name":"Ada","Key":"[redacted]","Group":{"Password":"[redacted]"}}`)
	assert.Equal(t, rest.Secret("s3cret"), in.Group.Password)
}
