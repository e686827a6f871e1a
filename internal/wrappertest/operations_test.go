// Package wrappertest ties the wrappers to the documents: what a document gains,
// a wrapper must take up or refuse with a reason.
package wrappertest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

// unwrapped lists the operations that API() alone can call, each with the reason.
var unwrapped = map[string]string{}

func TestEveryOperationHasAWrapper(t *testing.T) {
	t.Parallel()
	left := make(map[string]string)
	for _, provider := range spectest.Providers(t) {
		called := calledBy(t, filepath.Join("..", "..", provider))
		for _, operation := range operationsOf(t, provider) {
			if !called[operation] {
				name := provider + "." + operation
				left[name] = unwrapped[name]
			}
		}
	}
	assert.Equal(t, unwrapped, left, "give them a method in the wrapper, or a reason in unwrapped; or they have a method and need no reason")
}

func TestUnwrappedOperationIsDetected(t *testing.T) {
	t.Parallel()
	called := calledIn(parse(t, `package p
func (c *Client) GetUser() { c.api.GetUser(); c.Other() }
func (c *Client) Upload()  { c.api.UploadWithBody() }`))
	assert.Equal(t, map[string]bool{"GetUser": true, "Upload": true}, called)
}

func operationsOf(t *testing.T, provider string) []string {
	t.Helper()
	var names []string
	for _, item := range spectest.Load(t, provider).Paths.Map() {
		for _, operation := range item.Operations() {
			names = append(names, strings.ToUpper(operation.OperationID[:1])+operation.OperationID[1:])
		}
	}
	require.NotEmpty(t, names)
	return names
}

// calledBy finds the generated operations that a wrapper calls, in methods of
// its client: they are methods of its field api, or of what its API returns.
func calledBy(t *testing.T, dir string) map[string]bool {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	called := make(map[string]bool)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		require.NoError(t, err)
		for name := range calledIn(file) {
			called[name] = true
		}
	}
	require.NotEmpty(t, called, dir)
	return called
}

func calledIn(file *ast.File) map[string]bool {
	called := make(map[string]bool)
	ast.Inspect(file, func(node ast.Node) bool {
		method, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		api := method.X
		if call, ok := api.(*ast.CallExpr); ok {
			api = call.Fun
		}
		if field, ok := api.(*ast.SelectorExpr); ok && (field.Sel.Name == "api" || field.Sel.Name == "API") {
			called[strings.TrimSuffix(method.Sel.Name, "WithBody")] = true
		}
		return true
	})
	return called
}

func parse(t *testing.T, source string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", source, 0)
	require.NoError(t, err)
	return file
}
