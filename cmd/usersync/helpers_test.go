package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// output is what a run left behind.
type output struct {
	status   int
	out, err string
}

// usersync runs the command with an input, in an empty environment.
func usersync(t *testing.T, stdin string, args ...string) output {
	t.Helper()
	return usersyncIn(t.Context(), nil, stdin, args...)
}

func usersyncIn(ctx context.Context, env map[string]string, stdin string, args ...string) output {
	var out, err bytes.Buffer
	status := run(ctx, args, strings.NewReader(stdin), &out, &err, func(name string) string { return env[name] })
	return output{status, out.String(), err.String()}
}

// lines joins the lines of a file.
func lines(all ...string) string { return strings.Join(all, "\n") + "\n" }

// checked reads an input for the providers that a name stands for.
func checked(t *testing.T, provider, format, input string) ([]row, *problems) {
	t.Helper()
	chosen, err := choose(provider)
	require.NoError(t, err)
	return check(rowsOf(strings.NewReader(input), format), chosen)
}

// texts are problems as they are printed.
func texts(p *problems) []string {
	var all []string
	for _, one := range p.first {
		all = append(all, one.String())
	}
	return all
}

// usersOf reads the users of an input that is fine.
func usersOf[U interface{ Validate() error }](t *testing.T, of table[U], format, input string) []U {
	t.Helper()
	rows, found := checked(t, of.name, format, input)
	require.Empty(t, texts(found))
	var users []U
	for _, r := range rows {
		user, problems := of.read(r)
		require.Empty(t, problems)
		users = append(users, user)
	}
	return users
}
