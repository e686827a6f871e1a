// Package everycall lists all calls of the three wrappers, for tests of what holds
// for each of them.
package everycall

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

const (
	// Key is the API key of the clients, and Password the one that their users
	// get. Neither may be found anywhere, nor the marks, which no encoding changes.
	Key          = KeyMark + "-0001"
	Password     = PasswordMark + `"w\ord<&>`
	KeyMark      = "Marked-Key"
	PasswordMark = "Marked-Pa55"
)

// Operations returns the operations of a client with the options given.
type Operations func(options ...rest.Option) ([]Operation, error)

// Operation is a method of a wrapper, or of the generated client that its API()
// returns.
type Operation struct {
	// Name is the method's, and what is special about this call of it.
	Name string
	// Call makes the call and says what is wrong with its result, given that it
	// did not fail.
	Call func(ctx context.Context) (problem string, err error)
	// UsesPassword says that the call is given Password. Nobody else can know that it
	// is one.
	UsesPassword bool

	generated bool
}

// Generated is an operation of a generated client. What it says of a success that
// it cannot read is its own.
func Generated(name string, call func(context.Context) error) Operation {
	return Operation{Name: "API." + name, generated: true, Call: func(ctx context.Context) (string, error) { return "", call(ctx) }}
}

// AssertCovered fails t when a method of client or of one of the others, or an operation
// of the generated client that client.API() returns, is not among the operations.
func AssertCovered(t *testing.T, operations Operations, client any, others ...any) {
	t.Helper()
	all, err := operations()
	require.NoError(t, err)
	covered := make(map[string]bool)
	for _, operation := range all {
		covered[operation.Name] = true
	}
	for _, method := range methods(reflect.TypeOf(client)) {
		if method != "API" {
			assert.True(t, covered[method], "%s is not fuzzed", method)
		}
	}
	api, _ := reflect.TypeOf(client).MethodByName("API")
	for _, method := range methods(api.Type.Out(0)) {
		if name, ok := strings.CutSuffix(method, "WithResponse"); ok {
			assert.True(t, covered["API."+strings.TrimSuffix(name, "WithBody")], "API().%s is not fuzzed", method)
		}
	}
	for _, other := range others {
		receiver := reflect.TypeOf(other)
		for _, method := range methods(receiver) {
			name := receiver.Elem().Name() + "." + method
			assert.True(t, covered[name], "%s is not fuzzed", name)
		}
	}
}

func methods(receiver reflect.Type) (names []string) {
	for i := range receiver.NumMethod() {
		names = append(names, receiver.Method(i).Name)
	}
	return names
}

// problemUnless returns problem when ok is false.
func problemUnless(ok bool, problem string) string {
	if ok {
		return ""
	}
	return problem
}

// collect is the problem of a list, the first that one of its items has, and its
// error.
func collect[T any](list func(func(T, error) bool), problem func(T) string) (string, error) {
	first := ""
	for item, err := range list {
		if err != nil {
			return "", err
		}
		if first == "" {
			first = problem(item)
		}
	}
	return first, nil
}
