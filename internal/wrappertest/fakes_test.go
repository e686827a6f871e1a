package wrappertest

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

// The fakes of all providers have the same functions, without generated types.
func TestFakesHaveTheSameAPI(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		signatures := exportedSignatures(t, filepath.Join("..", "..", provider, provider+"test"))
		for name, want := range map[string]string{
			"NewServer":  "func(options ...Option) *Server",
			"WithQuotas": "func(windows ...resttest.Window) Option",
			"Options":    "func() []rest.Option",
			"AddUser":    "func(user User) User",
			"Users":      "func() []User",
		} {
			assert.Equal(t, want, signatures[name], "%stest.%s", provider, name)
		}
		assert.Regexp(t, `^func\(\w+ string\) \(User, bool\)$`, signatures["User"], provider)
		for name, signature := range signatures {
			assert.NotContains(t, signature, "gen.", "%stest.%s: use the types of package %s", provider, name, provider)
		}
	}
}

// exportedSignatures returns the signatures of the exported functions, methods and
// types of a package by name.
func exportedSignatures(t *testing.T, dir string) map[string]string {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, sources, "%s: add a fake", dir)
	signatures := make(map[string]string)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, source, nil, 0)
		require.NoError(t, err)
		add := func(name *ast.Ident, node any) {
			if name.IsExported() {
				var text strings.Builder
				require.NoError(t, printer.Fprint(&text, files, node))
				signatures[name.Name] += text.String()
			}
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				add(decl.Name, decl.Type)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.Name != "User" {
						add(spec.Name, spec.Type)
					} else if ok {
						add(ast.NewIdent("User type"), spec.Type)
					}
				}
			}
		}
	}
	return signatures
}
