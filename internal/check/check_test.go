package check_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

func TestErrNamesEveryInvalidField(t *testing.T) {
	var p check.Problems
	require.NoError(t, p.Err("acme", "UpsertUser"))
	p.Email("name", " ")
	p.Email("email", "ada")
	err := p.Err("acme", "UpsertUser")
	require.ErrorIs(t, err, rest.ErrInvalid)
	assert.EqualError(t, err, "acme: UpsertUser: invalid input, nothing was sent: email: must be an e-mail address like ada@example.com; name: is required")
	var e *rest.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, rest.ExecutedNo, e.Executed)
	assert.Zero(t, e.Attempts)
}

func TestChecks(t *testing.T) {
	id := func(p *check.Problems, v string) { p.PathID("f", v) }
	email := func(p *check.Problems, v string) { p.Email("f", v) }
	text := func(p *check.Problems, v string) { p.Text("f", v) }
	tests := []struct {
		name  string
		check func(*check.Problems, string)
		good  []string
		bad   []string
	}{
		{"PathID", id, []string{"5309c3a237bbc544d8e26737", "a-b_c.d"}, []string{"", ".", "..", "me", "search", "a/b", `a\b`, "a?b", "a#b", "a%2Fb", "a b", "a\nb", "é", "a;b"}},
		{"Email", email, []string{"ada@example.com", "ada+tag@example.com", "ädä@exämple.com"}, []string{"", " ", "ada", "@example.com", "ada@", "Ada <ada@example.com>", " ada@example.com", "ada@example.com\n", "a@b@c", "ada@exa mple.com", strings.Repeat("a", 250) + "@example.com"}},
		{"Text", text, []string{"", "é", " a "}, []string{"a\xffb", "a\nb", "\t", "\u2028"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, value := range tt.good {
				var p check.Problems
				tt.check(&p, value)
				assert.NoError(t, p.Err("acme", "X"), "%q", value)
			}
			for _, value := range tt.bad {
				var p check.Problems
				tt.check(&p, value)
				assert.Error(t, p.Err("acme", "X"), "%q", value)
			}
		})
	}
}

func TestPositive(t *testing.T) {
	for value, good := range map[int64]bool{1: true, 0: false, -1: false} {
		var p check.Problems
		p.Positive("id", value)
		assert.Equal(t, good, p.Err("acme", "X") == nil)
	}
}

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
